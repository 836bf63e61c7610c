//! Series of the messages to receivers.

use super::{own::OwnPage, page::Named};
use crate::notify::NotifyStatus;
use floorwalker_core::event::Timestamp;

pub(super) fn write(page: &mut OwnPage, status: &NotifyStatus, now: Timestamp) {
    const ACTS: Named = (
        "floorwalker_notify_active",
        "1 in the process that sends notifications; the others with the role stand by",
    );
    const MESSAGES: Named = (
        "floorwalker_notifications_total",
        "Notifications by receiver and outcome: delivered, refused (put aside as dead letters), retried (attempts that failed and are made again), overtaken (not sent, a later transition was)",
    );
    const PENDING: Named = (
        "floorwalker_notification_oldest_pending_seconds",
        "How long the oldest notification that a receiver has not taken waits; 0 when none does",
    );
    page.gauge(ACTS, &[], if status.acts() { 1.0 } else { 0.0 });
    for report in status.reports(now) {
        let receiver = ("receiver", report.name.as_str());
        page.gauge(PENDING, &[receiver], report.oldest_pending.as_secs());
        let counts = [
            ("delivered", report.delivered),
            ("retried", report.retried),
            ("refused", report.refused),
            ("overtaken", report.overtaken),
        ];
        for (outcome, count) in counts {
            page.counter(MESSAGES, &[receiver, ("outcome", outcome)], count);
        }
    }
}
