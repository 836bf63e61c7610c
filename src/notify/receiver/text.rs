//! A message in words: what all receivers show of it, each in its own form.

use crate::{
    alerts::AlertFields,
    notify::notification::{AlertText, Covered, Notification, Transition, key_of},
};

/// Contacts that a message names.
const CONTACTS_MAX: usize = 10;
/// Alerts that a message names of those that it covers.
const COVERED_MAX: usize = 10;

/// A message as people read it.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) message: Notification,
    pub(super) fields: AlertFields,
    alert: AlertText,
    /// Where the alert is shown.
    pub(super) link: Option<String>,
}

impl Text {
    pub(super) fn of(message: &Notification, wallboard: Option<&str>) -> serde_json::Result<Self> {
        let (fields, alert) = message.fields()?;
        let path = alert.links.wallboard.as_deref();
        let link = wallboard.zip(path);
        Ok(Self {
            link: link.map(|(begin, rest)| format!("{begin}{rest}")),
            message: message.clone(),
            fields,
            alert,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.message.transition == Transition::Resolved
    }

    /// What has become of it.
    pub(super) fn state(&self) -> String {
        match self.message.transition {
            Transition::Fired => "firing".to_owned(),
            Transition::Repeated => "still firing".to_owned(),
            Transition::Escalated => {
                let recipients = self.alert.recipients.last();
                let to = recipients.map_or("the next level", String::as_str);
                format!("still firing, now to {to}")
            }
            Transition::Acknowledged => {
                let by = self.message.by.as_deref().unwrap_or("somebody");
                format!("taken up by {by}")
            }
            Transition::Resolved => "resolved".to_owned(),
        }
    }

    /// What it is about, in few words: the same for all messages of the alert.
    pub(super) fn about(&self) -> String {
        format!("{} {}", self.fields.rule, self.fields.subject)
    }

    /// One line.
    pub(super) fn title(&self) -> String {
        format!("[{}] {}", self.state(), self.about())
    }

    pub(super) fn why(&self) -> &str {
        &self.fields.why
    }

    /// What to do; nothing when it is over.
    pub(super) fn action(&self) -> Option<&str> {
        Some(self.alert.action.as_str()).filter(|text| !text.is_empty() && !self.is_over())
    }

    /// Facts with their names, in the order in which they are shown.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let fields = &self.fields;
        let mut facts = vec![
            ("severity", fields.severity.clone()),
            ("since", fields.starts_at.to_string()),
        ];
        let optional = [
            ("until", fields.ends_at.map(|at| at.to_string())),
            ("queue", fields.queue.clone()),
            ("team", self.message.team.clone()),
            ("channel", fields.channel.clone()),
            ("contacts", self.contacts()),
            ("covers", self.covers()),
            ("runbook", self.alert.runbook.clone()),
        ];
        let given = optional.into_iter();
        facts.extend(given.filter_map(|(name, fact)| Some((name, fact?))));
        facts
    }

    fn contacts(&self) -> Option<String> {
        let all = &self.fields.contacts;
        let shown: Vec<&str> = all.iter().take(CONTACTS_MAX).map(String::as_str).collect();
        let hidden = all.len() - shown.len();
        let more = hidden + usize::try_from(self.alert.contacts_more).unwrap_or(usize::MAX);
        listed(&shown, more)
    }

    fn covers(&self) -> Option<String> {
        let all = &self.message.covers;
        let named = |it: &Covered| format!("{} {}", it.rule, it.subject);
        let shown: Vec<String> = all.iter().take(COVERED_MAX).map(named).collect();
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        listed(&shown, all.len() - shown.len())
    }

    /// Paragraphs for whoever reads plain text.
    pub(super) fn plain(&self) -> String {
        let mut lines = vec![self.why().to_owned()];
        lines.extend(self.action().map(str::to_owned));
        lines.push(String::new());
        let facts = self.facts().into_iter();
        lines.extend(facts.map(|(name, fact)| format!("{name}: {fact}")));
        lines.extend(self.link.clone());
        lines.join("\n") + "\n"
    }

    /// The key of the alert's first message, to which the others belong.
    pub(super) fn first_id(&self) -> String {
        key_of(&self.message.incident, Transition::Fired, 0)
    }
}

fn listed(shown: &[&str], more: usize) -> Option<String> {
    let list = shown.join(", ");
    match (list.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(list),
        (false, more) => Some(format!("{list} and {more} more")),
    }
}
