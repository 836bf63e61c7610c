//! Which firing alerts call nobody, by a silence or by a window of maintenance. The alerts' records stay as they are.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use dashmap::DashMap;

use super::{AlertFields, teams::Teams};
use floorwalker_core::{
    event::Timestamp,
    kpi::Places,
    silence::{AlertTraits, Maintenance, Matchers, Silence, SilenceStatus},
};

/// Far more than people can keep in mind: of more, the first to end are forgotten.
const SILENCES_MAX: usize = 10_000;

/// Silences by id.
pub(crate) type Silences = BTreeMap<String, Arc<Silence>>;

#[derive(Debug)]
pub(crate) struct Silencing {
    windows: Vec<Maintenance>,
    teams: Teams,
    silences: RwLock<Silences>,
    /// What holds now, as it was looked at last.
    active: Mutex<Active>,
    looked_at: AtomicI64,
    /// What silences each firing alert that is silenced.
    by_alert: DashMap<String, Arc<str>>,
}

/// What holds, in the order in which it counts.
type Active = Arc<[Holding]>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    id: Arc<str>,
    matchers: Matchers,
}

impl Silencing {
    pub(crate) fn new(windows: Vec<Maintenance>, places: Places) -> Self {
        Self {
            windows,
            teams: Teams::new(places),
            silences: RwLock::default(),
            active: Mutex::new(Vec::new().into()),
            looked_at: AtomicI64::new(Timestamp::MIN.0),
            by_alert: DashMap::new(),
        }
    }

    /// Returns the windows of maintenance that hold, as the configuration has them.
    pub(crate) fn windows_in_force(&self, now: Timestamp) -> impl Iterator<Item = &Maintenance> {
        self.windows.iter().filter(move |it| it.holds(now))
    }

    pub(crate) const fn teams(&self) -> &Teams {
        &self.teams
    }

    /// The silences. Whoever sees one sees its effect: the lock is held until alerts are judged by it.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Silences> {
        self.silences.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Silences> {
        (self.silences.write()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds anew what holds. Returns whether alerts have to be judged anew.
    pub(crate) fn look(&self, silences: &Silences, now: Timestamp) -> bool {
        let active: Active = holding(silences, &self.windows, now).into();
        let before = Timestamp(self.looked_at.swap(now.0, Ordering::Relaxed));
        let needs_teams = active.iter().any(|it| it.matchers.need_team());
        let moved = needs_teams && self.teams.change_within(before, now);
        let mut known = self.active();
        if *known == active {
            return moved;
        }
        *known = active;
        true
    }

    /// Judges an alert that fires. Returns whether something else silences it than before.
    pub(crate) fn judge(&self, alert: &AlertFields, now: Timestamp) -> bool {
        let active = Arc::clone(&self.active());
        let by = self.covering(&active, alert, now);
        let before = self.by_alert.get(&alert.id).map(|it| Arc::clone(&it));
        if by == before {
            return false;
        }
        match by {
            Some(by) => drop(self.by_alert.insert(alert.id.clone(), by)),
            None => self.forget(&alert.id),
        }
        true
    }

    /// Forgets an alert that fires no more.
    pub(crate) fn forget(&self, alert: &str) {
        self.by_alert.remove(alert);
    }

    /// Forgets all alerts but these.
    pub(crate) fn keep_only(&self, alerts: &BTreeSet<&str>) {
        self.by_alert.retain(|id, _| alerts.contains(id.as_str()));
    }

    fn covering(
        &self,
        active: &[Holding],
        alert: &AlertFields,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let needs_team = active.iter().any(|it| it.matchers.need_team());
        let team = needs_team.then(|| self.team_of(alert, now)).flatten();
        let traits = AlertTraits {
            team: team.as_deref().or(alert.team.as_deref()),
            ..alert.traits()
        };
        let mut covering = active.iter().filter(|it| it.matchers.match_all(&traits));
        covering.next().map(|it| Arc::clone(&it.id))
    }

    /// Returns the team that answers for an alert: the one that its record names, or that of its queue.
    pub(crate) fn team_of(&self, alert: &AlertFields, now: Timestamp) -> Option<String> {
        let of_queue = || self.teams.of(alert.queue_name()?, now);
        alert.team.clone().or_else(of_queue)
    }

    /// What silences an alert: a silence's id, or `maintenance:NAME`.
    pub(crate) fn silenced_by(&self, alert: &str) -> Option<Arc<str>> {
        self.by_alert.get(alert).map(|by| Arc::clone(&by))
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a silence, and at most so many.
pub(crate) fn keep(silences: &mut Silences, silence: Silence) {
    silences.insert(silence.id.clone(), Arc::new(silence));
    if silences.len() > SILENCES_MAX {
        let first = silences.values().min_by_key(|it| it.ends_at);
        if let Some(id) = first.map(|it| it.id.clone()) {
            silences.remove(&id);
        }
    }
}

/// Of several that cover an alert, the silence that ends last counts, and silences before windows.
fn holding(silences: &Silences, windows: &[Maintenance], now: Timestamp) -> Vec<Holding> {
    let is_active = |it: &&Arc<Silence>| it.status(now) == SilenceStatus::Active;
    let mut active: Vec<&Arc<Silence>> = silences.values().filter(is_active).collect();
    active.sort_by_key(|it| Reverse(it.ends_at));
    let active = active.into_iter().map(|it| Holding {
        id: it.id.as_str().into(),
        matchers: it.matchers.clone(),
    });
    let holding = windows.iter().filter(|it| it.holds(now));
    let of_windows = holding.map(|it| Holding {
        id: it.id().into(),
        matchers: it.matchers.clone(),
    });
    active.chain(of_windows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use floorwalker_core::silence::When;

    fn at(minute: u32) -> Timestamp {
        Timestamp::parse(&format!("2026-11-22T10:{minute:02}:00Z")).unwrap()
    }

    fn silence(id: &str, matchers: &str, minutes: (u32, u32)) -> Silence {
        Silence {
            id: id.to_owned(),
            matchers: serde_json::from_str(matchers).unwrap(),
            starts_at: at(minutes.0),
            ends_at: at(minutes.1),
            by: "lea".to_owned(),
            comment: None,
            ended_by: None,
        }
    }

    fn alert() -> AlertFields {
        serde_json::from_str(
            r#"{"id":"q/1","rule":"queue.surge","status":"firing","severity":"warning","subject":"queue:q","queue":"q",
                "starts_at":"2026-11-22T10:00:00Z","at":"2026-11-22T10:00:00Z","why":""}"#,
        )
        .unwrap()
    }

    /// What silences the alert, minute by minute.
    fn timeline(silencing: &Silencing, minutes: std::ops::Range<u32>) -> Vec<String> {
        let by = |minute: u32| {
            if silencing.look(&silencing.read(), at(minute)) {
                silencing.judge(&alert(), at(minute));
            }
            let by = silencing.silenced_by("q/1");
            by.map_or_else(|| "-".to_owned(), |by| by.to_string())
        };
        minutes.map(by).collect()
    }

    #[test]
    fn silences_begin_and_expire_by_themselves() {
        let silencing = Silencing::new(Vec::new(), Places::default());
        for silence in [
            silence("a", r#"{"queue":"q"}"#, (1, 3)),
            silence("b", r#"{"rule":"queue.*"}"#, (2, 5)),
            silence("c", r#"{"queue":"r"}"#, (0, 9)),
        ] {
            keep(&mut silencing.write(), silence);
        }
        let found = timeline(&silencing, 0..6);
        assert_eq!(found, ["-", "a", "b", "b", "b", "-"]);
    }

    #[test]
    fn a_window_silences_where_no_silence_does() {
        let window = Maintenance {
            name: "update".to_owned(),
            matchers: serde_json::from_str(r#"{"subject":"queue:*"}"#).unwrap(),
            when: When::Once {
                from: at(1),
                to: at(4),
            },
        };
        let silencing = Silencing::new(vec![window], Places::default());
        let own = silence("a", r#"{"queue":"q"}"#, (2, 3));
        keep(&mut silencing.write(), own);
        let found = timeline(&silencing, 0..5);
        let by = "maintenance:update";
        assert_eq!(found, ["-", by, "a", by, "-"]);
    }

    #[test]
    fn the_team_is_the_one_that_answers_for_the_queue() {
        let silencing = Silencing::new(Vec::new(), Places::default());
        let of_team = silence("a", r#"{"team":"north"}"#, (0, 9));
        keep(&mut silencing.write(), of_team);
        silencing.teams().take(
            "queue:q",
            br#"{"subject":"queue:q","valid_from":"2026-11-22T10:02:00Z","team":"north"}"#,
        );
        let found = timeline(&silencing, 0..4);
        assert_eq!(found, ["-", "-", "a", "a"]);
    }
}
