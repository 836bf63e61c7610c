//! How many connections there are at a time. When all seats are taken, a new connection gets that of the one that has waited longest
//! without a whole request. If all are being answered, there are some seats left that only questions about health may use.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

use tokio::sync::Notify;

use crate::serve::traffic::{Traffic, add_one};

/// Each takes a file descriptor, of which a process often has 1,024.
const SEATS: usize = 640;
/// For questions about health.
const RESERVED: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
    traffic: Arc<Traffic>,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    next: u64,
    /// Who has sent no whole request yet, in the order in which they began to wait.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// The place of a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    /// Asks the connection to go.
    go: Arc<Notify>,
    place: Mutex<Place>,
    /// Only questions about health are answered here.
    pub(super) is_reserved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waiting(u64),
    Answered,
}

/// While it lives, the connection is being answered.
#[derive(Debug)]
pub(super) struct Answering(Arc<Seat>);

impl Seats {
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        let taken = Mutex::default();
        Self { taken, traffic }
    }

    /// Takes a seat; `None` if even those for health are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Arc<Seat>> {
        let mut taken = self.taken();
        let answered = taken.count - taken.waiting.len();
        let is_reserved = answered >= SEATS;
        let room = if is_reserved { SEATS + RESERVED } else { SEATS };
        if taken.count >= room {
            if !taken.send_away_one() {
                return None;
            }
            add_one(&self.traffic.sent_away);
        }
        taken.count += 1;
        self.note_count(&taken);
        let go = Arc::new(Notify::new());
        let place = Mutex::new(Place::Waiting(taken.wait(&go)));
        drop(taken);
        Some(Arc::new(Seat {
            seats: Arc::clone(self),
            go,
            place,
            is_reserved,
        }))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_count(&self, taken: &Taken) {
        let count = u64::try_from(taken.count).unwrap_or(u64::MAX);
        self.traffic.connections.store(count, Ordering::Relaxed);
    }
}

impl Taken {
    fn wait(&mut self, go: &Arc<Notify>) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, Arc::clone(go));
        self.next
    }

    /// Its seat is free at once, although it takes a moment to go.
    fn send_away_one(&mut self) -> bool {
        let first = self.waiting.pop_first();
        if let Some((_, go)) = &first {
            go.notify_one();
            self.count -= 1;
        }
        first.is_some()
    }
}

impl Seat {
    /// A whole request has come.
    pub(super) fn answer(self: &Arc<Self>) -> Answering {
        let mut taken = self.seats.taken();
        let mut place = self.place();
        if let Place::Waiting(number) = *place {
            // Sent away in this very moment: it counts no more, and goes after the answer.
            if taken.waiting.remove(&number).is_some() {
                *place = Place::Answered;
            }
        }
        drop((place, taken));
        Answering(Arc::clone(self))
    }

    /// Waits until somebody else needs the seat.
    pub(super) async fn sent_away(&self) {
        self.go.notified().await;
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    /// The next request of the connection is waited for.
    fn drop(&mut self) {
        let seat = &self.0;
        let mut taken = seat.seats.taken();
        let mut place = seat.place();
        if *place == Place::Answered {
            *place = Place::Waiting(taken.wait(&seat.go));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let place = *self.place();
        let mut taken = self.seats.taken();
        match place {
            // It was sent away: the seat is another's.
            Place::Waiting(number) if taken.waiting.remove(&number).is_none() => {}
            Place::Waiting(_) | Place::Answered => {
                taken.count -= 1;
                self.seats.note_count(&taken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(seats: &Seats) -> (usize, usize) {
        let taken = seats.taken();
        (taken.count, taken.waiting.len())
    }

    #[test]
    fn who_waits_longest_makes_room_and_who_is_answered_does_not() {
        let seats = Arc::new(Seats::default());
        let mut all: Vec<_> = (0..SEATS).map(|_| seats.take().unwrap()).collect();
        let answering = all[0].answer();
        let newest = seats.take().unwrap();
        assert!(!newest.is_reserved);
        assert_eq!(count(&seats), (SEATS, SEATS - 1));
        // The first one is answered: the second one had to go.
        assert_eq!(*all[0].place(), Place::Answered);
        drop(all.remove(1));
        assert_eq!(count(&seats), (SEATS, SEATS - 1));
        drop(answering);
        assert_eq!(count(&seats), (SEATS, SEATS));
        drop((all, newest));
        assert_eq!(count(&seats), (0, 0));
    }

    #[test]
    fn when_all_are_answered_some_seats_are_left_for_health() {
        let seats = Arc::new(Seats::default());
        let all: Vec<_> = (0..SEATS).map(|_| seats.take().unwrap()).collect();
        let answering: Vec<_> = all.iter().map(Seat::answer).collect();
        let reserved: Vec<_> = (0..RESERVED).map(|_| seats.take().unwrap()).collect();
        assert!(reserved.iter().all(|seat| seat.is_reserved));
        assert_eq!(count(&seats), (SEATS + RESERVED, RESERVED));
        // The reserved ones wait, and make room as others do.
        let next = seats.take().unwrap();
        assert_eq!(count(&seats), (SEATS + RESERVED, RESERVED));
        let busy: Vec<_> = reserved.iter().chain([&next]).map(Seat::answer).collect();
        assert!(seats.take().is_none());
        drop((busy, answering, reserved, next, all));
        assert_eq!(count(&seats), (0, 0));
    }
}
