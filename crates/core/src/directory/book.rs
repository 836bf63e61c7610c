//! The directory: all statements, and the settings that follow from them.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::{Content, Statement, Subject};
use crate::{
    contact::{ContactSettings, InForce, Policy},
    event::{QueueId, Timestamp},
    kpi::Places,
};

/// Limit of statements of one subject; above it the oldest is evicted.
const STATEMENTS_MAX: usize = 100;
/// Limit of policies: each is matched against every wait, offer and turn.
const POLICIES_MAX: usize = 100;

/// Statements by subject and time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directory {
    /// Statements of each subject, oldest first.
    statements: BTreeMap<Subject, Vec<Stored>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Stored {
    offset: i64,
    /// As written by its producer.
    json: String,
    statement: Statement,
}

/// Result of applying a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub subject: Subject,
    /// First instant at which something changes; `None` if nothing does.
    pub changed_from: Option<Timestamp>,
}

/// Reason for refusing a statement, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

#[derive(Encode, Decode)]
struct Image {
    /// Offset and JSON of each statement, by subject and time.
    #[n(0)]
    statements: Vec<(i64, String)>,
}

impl Directory {
    /// Applies a statement from `offset` of its topic's partition.
    ///
    /// # Errors
    /// When it can't be read, or breaks a rule.
    pub fn apply(
        &mut self,
        offset: i64,
        json: &[u8],
        configured: &ContactSettings,
    ) -> Result<Applied, Refusal> {
        let statement = Statement::read(json, configured).map_err(Refusal)?;
        self.check(&statement, configured)?;
        let held = Stored {
            offset,
            json: String::from_utf8_lossy(json).into_owned(),
            statement,
        };
        Ok(Applied {
            subject: held.statement.subject.clone(),
            changed_from: self.hold(held),
        })
    }

    fn check(&self, statement: &Statement, configured: &ContactSettings) -> Result<(), Refusal> {
        let (Subject::Policy(name), Content::Policy(policy)) =
            (&statement.subject, &statement.content)
        else {
            return Ok(());
        };
        let known = self.policies(configured);
        let others = known.iter().filter(|other| other.name != *name);
        if let Some(twin) = others.clone().find(|other| other.code() == policy.code()) {
            return Err(Refusal(format!(
                "`{}` and `{name}` look alike inside, where 16 bits stand for a name; content one of them",
                twin.name
            )));
        }
        if others.count() >= POLICIES_MAX {
            return Err(Refusal(format!(
                "there are {POLICIES_MAX} policies already"
            )));
        }
        Ok(())
    }

    fn hold(&mut self, new: Stored) -> Option<Timestamp> {
        let from = new.statement.valid_from;
        let of_subject = self
            .statements
            .entry(new.statement.subject.clone())
            .or_default();
        let at = of_subject.partition_point(|held| held.statement.valid_from < from);
        match of_subject.get_mut(at) {
            Some(known) if known.statement.valid_from == from => {
                let counts = known.offset < new.offset;
                let is_new = counts && known.statement != new.statement;
                if counts {
                    *known = new;
                }
                return is_new.then_some(from);
            }
            _ => of_subject.insert(at, new),
        }
        let forgotten = of_subject.len().saturating_sub(STATEMENTS_MAX);
        of_subject.drain(..forgotten);
        Some(from)
    }

    /// Returns the settings of the contact stage, with each policy in force in its time.
    #[must_use]
    pub fn contact_settings(&self, configured: &ContactSettings) -> ContactSettings {
        ContactSettings {
            policies: self.policies(configured),
            ..configured.clone()
        }
    }

    /// Returns the configured policies in the order of the file, then others by name.
    fn policies(&self, configured: &ContactSettings) -> Vec<Policy> {
        let names = configured.policies.iter().map(|policy| &policy.name);
        let is_new = |name: &&String| configured.policies.iter().all(|it| it.name != **name);
        let new = self.statements.keys().filter_map(Subject::policy);
        let all = names.chain(new.filter(is_new));
        all.flat_map(|name| self.policies_of(name, configured))
            .collect()
    }

    fn policies_of(&self, name: &str, configured: &ContactSettings) -> Vec<Policy> {
        let always = configured.policies.iter().find(|it| it.name == name);
        let statements = self.statements.get(&Subject::Policy(name.to_owned()));
        let statements = statements.into_iter().flatten().map(|held| &held.statement);
        let changes = statements.map(|statement| {
            let policy = statement.content.policy();
            (statement.valid_from, policy.or(always))
        });
        let changes: Vec<_> = std::iter::once((Timestamp::MIN, always))
            .chain(changes)
            .collect();
        let ends = changes.iter().skip(1).map(|(from, _)| *from);
        let ends = ends.chain([Timestamp::MAX]);
        let in_force = changes
            .iter()
            .zip(ends)
            .filter_map(|((from, policy), until)| {
                Some(Policy {
                    in_force: InForce { from: *from, until },
                    ..(*policy)?.clone()
                })
            });
        in_force.collect()
    }

    /// Returns the teams and sites that answer for queues.
    #[must_use]
    pub fn places(&self, configured: &Places) -> Places {
        let mut places = configured.clone();
        for (queue, statement) in self.of_queues() {
            let place = statement.content.place();
            let place = place.or_else(|| configured.of(queue, Timestamp::MIN));
            places.set(
                queue,
                statement.valid_from,
                place.cloned().unwrap_or_default(),
            );
        }
        places
    }

    fn of_queues(&self) -> impl Iterator<Item = (&QueueId, &Statement)> {
        self.statements.iter().flat_map(|(subject, statements)| {
            let queue = subject.queue();
            let statements = statements.iter().map(|held| &held.statement);
            queue
                .into_iter()
                .flat_map(move |queue| statements.clone().map(move |it| (queue, it)))
        })
    }

    /// Returns all statements by subject, oldest first, each as it was written.
    pub fn statements(&self) -> impl Iterator<Item = (&Statement, &str)> {
        let held = self.statements.values().flatten();
        held.map(|held| (&held.statement, held.json.as_str()))
    }

    /// Writes the image that the state log holds.
    #[must_use]
    pub fn to_image(&self) -> Vec<u8> {
        let held = self.statements.values().flatten();
        let statements = held.map(|held| (held.offset, held.json.clone())).collect();
        // Writing into memory can't fail, and all of it encodes.
        minicbor::to_vec(Image { statements }).unwrap_or_default()
    }

    /// Reads an image.
    ///
    /// # Errors
    /// When it is no image, or is no longer possible: a policy whose calendar was removed from the configuration.
    pub fn from_image(image: &[u8], configured: &ContactSettings) -> Result<Self, Refusal> {
        let image: Image = minicbor::decode(image).map_err(|error| Refusal(error.to_string()))?;
        let mut directory = Self::default();
        for (offset, json) in image.statements {
            directory
                .apply(offset, json.as_bytes(), configured)
                .map_err(|Refusal(why)| Refusal(format!("the directory holds {json}: {why}")))?;
        }
        Ok(directory)
    }
}
