//! Reads the ends of after-contact work, and the dispositions with them.

use super::{
    parts::{Engagement, EngagementEnd},
    reading::Reading,
};
use floorwalker_core::event::{Timestamp, WrapUpEnded};

impl Reading<'_> {
    /// Of the agent's oldest open wrap-up; else of the open talk; else, late, of the oldest engagement unspoken of. What
    /// it says of resolved is the contact's last disposition even if the agent has no engagement.
    pub(super) fn wrap_up_ended(&mut self, at: Timestamp, it: &WrapUpEnded) {
        let said = it.resolved.map(|resolved| (at, resolved));
        self.parts.resolved_said.extend(said);
        let theirs = |engagement: &Engagement| engagement.agent == it.agent;
        let engagements = &mut self.parts.engagements;
        let wrapping = engagements
            .iter()
            .position(|one| theirs(one) && one.talk_ended_at.is_some() && one.end.is_none());
        let talking = || {
            engagements
                .iter()
                .position(|one| theirs(one) && one.talk_ended_at.is_none())
        };
        let unsaid = || {
            engagements
                .iter()
                .position(|one| theirs(one) && one.wrap_up_received.is_none())
        };
        let found = wrapping.or_else(talking).or_else(unsaid);
        let Some(engagement) = found.and_then(|index| engagements.get_mut(index)) else {
            // All theirs have been spoken for, if there are any: this corrects what was said of the latest.
            if let Some(latest) = engagements.iter_mut().rfind(|one| theirs(one)) {
                let before = latest.wrap_up_received.flatten();
                latest.wrap_up_received = Some(it.resolved.or(before));
            }
            return;
        };
        if engagement.end.is_none() {
            engagement.end_talk(at, true);
            let wrap_known = true;
            engagement.end = Some(EngagementEnd { at, wrap_known });
        }
        engagement.wrap_up_received = Some(it.resolved);
    }
}
