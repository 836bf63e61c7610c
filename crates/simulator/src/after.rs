//! The end of a contact: how satisfied the customer is, whether they answer a survey, and whether they come back.

use puruspe::erfc;

use super::{
    Center, ContactNo,
    agenda::Action,
    contact::{Contact, Phase, Problem, is_ticket},
    phrases::{self, Mood, Speaker},
    truth::Truth,
};
use floorwalker_core::event::{Body, Span, Survey, Text};

const RATES_AFTER: Span = Span::from_secs(420);
const COMES_BACK_AFTER: Span = Span::from_secs(2_400);
const REDIALS_AFTER: Span = Span::from_secs(420);
const WRITES_AGAIN_AFTER: Span = Span::from_secs(1_500);
/// A customer gives up for good after this many returns.
const RETURNS_MAX: u32 = 3;
const SCALE: (f64, f64) = (1.0, 5.0);
/// By how much two customers of the same experience differ, as a standard deviation of the satisfaction.
const WHIM: f64 = 0.1;
/// Below this satisfaction the score is rounded to less than the middle of the scale.
const LOW_BELOW: f64 = 0.375;

impl Center {
    /// Answered and over.
    pub(super) fn settle(&mut self, number: ContactNo) {
        self.emit_resolved(number);
        let reopens = self.may_reopen(number);
        let returns = !reopens && self.returns(number);
        self.record_unsolved(number, reopens || returns);
        if reopens {
            let after = self.dice.exponential(WRITES_AGAIN_AFTER);
            self.plan_future(number, after, Action::Reopen(number));
        } else {
            self.ask_for_rating(number);
        }
        if returns {
            self.plan_return(number, COMES_BACK_AFTER);
        }
        self.forget_if_done(number);
    }

    /// Given up before anybody answered.
    pub(super) fn leave_unanswered(&mut self, number: ContactNo) {
        self.enter(number, Phase::Over);
        let returns = self.returns(number);
        self.record_unsolved(number, returns);
        if returns {
            self.plan_return(number, REDIALS_AFTER);
        }
        self.forget_if_done(number);
    }

    /// On ticket-like channels agents mark a contact as resolved, often before the problem is solved.
    fn emit_resolved(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        let (tickets, solved, agent) = (is_ticket(contact.channel), contact.solved, contact.agent);
        if tickets && (solved || self.dice.chance(0.6)) {
            let agent = agent.map(|agent| self.agents[agent].hire.id.clone());
            self.emit(number, Body::ContactResolved(agent));
        }
    }

    fn may_reopen(&mut self, number: ContactNo) -> bool {
        let come_back = self.settings.habits.come_back;
        let Some(contact) = self.contacts.get(&number) else {
            return false;
        };
        let unsolved = is_ticket(contact.channel) && !contact.solved && contact.reopened < 2;
        unsolved && self.dice.chance(come_back)
    }

    fn returns(&mut self, number: ContactNo) -> bool {
        let Some(contact) = self.contacts.get(&number) else {
            return false;
        };
        let wants = !contact.solved && contact.problem.returns < RETURNS_MAX;
        wants && self.dice.chance(self.settings.habits.come_back)
    }

    fn plan_return(&mut self, number: ContactNo, mean: Span) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        let person = contact.person;
        let problem = Problem {
            returns: contact.problem.returns + 1,
            ..contact.problem
        };
        self.problems.insert(person, problem);
        let after = self.dice.exponential(mean) + Span::from_secs(30);
        self.plan_in(after, Action::Return(person));
    }

    fn plan_future(&mut self, number: ContactNo, wait: Span, action: Action) {
        if let Some(contact) = self.contacts.get_mut(&number) {
            contact.has_future = true;
            self.plan_in(wait, action);
        }
    }

    fn ask_for_rating(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        let satisfaction = satisfaction(contact, self.fair_wait(contact));
        let contact_id = contact.id.as_str().to_owned();
        let score = score(satisfaction + self.dice.normal(0.0, WHIM));
        let asked = self.dice.chance(self.settings.habits.survey);
        self.truth.push(Truth::Rating {
            contact_id,
            at: self.now,
            low_probability: low_probability(satisfaction),
            score,
            asked,
        });
        if asked {
            self.edit(number, |it| it.score = score);
            let after = self.dice.exponential(RATES_AFTER) + Span::from_secs(5);
            self.plan_future(number, after, Action::Rate(number));
        }
    }

    fn fair_wait(&self, contact: &Contact) -> Span {
        self.lines[contact.problem.queue].plan.fair_wait
    }

    pub(super) fn rate(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.has_future = false;
        let survey = Survey {
            score: contact.score,
            scale_min: SCALE.0,
            scale_max: SCALE.1,
        };
        let middle = f64::midpoint(SCALE.0, SCALE.1);
        let mood = Mood::of((survey.score - middle) / (SCALE.1 - middle));
        let words = phrases::of(contact.language, Speaker::Customer(mood));
        let comments = self.dice.chance(self.settings.habits.comment);
        let comment = comments.then(|| Text::new(self.dice.pick::<&str>(words)));
        self.emit(number, Body::SurveyAnswered(survey, comment));
        self.forget_if_done(number);
    }

    fn record_unsolved(&mut self, number: ContactNo, comes_back: bool) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        if !contact.solved {
            self.truth.push(Truth::Unsolved {
                contact_id: contact.id.as_str().to_owned(),
                customer_id: (contact.customer.as_ref()).map(|it| it.as_str().to_owned()),
                at: self.now,
                reason: contact.problem.reason,
                comes_back,
            });
        }
    }
}

/// 0 to 1 for a usual contact: waits, transfers, holds, returns, an unsolved problem and the mood at the end each take their part.
fn satisfaction(contact: &Contact, fair_wait: Span) -> f64 {
    let waits = contact.waited.as_secs() / fair_wait.as_secs();
    let returns = f64::from(contact.problem.returns.min(2));
    0.84 - 0.11 * waits.ln_1p().min(3.0)
        - 0.10 * f64::from(contact.transfers)
        - 0.13 * returns
        - if contact.solved { 0.0 } else { 0.30 }
        + 0.22 * contact.mood
}

fn score(satisfaction: f64) -> f64 {
    let (least, most) = SCALE;
    (least + satisfaction.clamp(0.0, 1.0) * (most - least)).round()
}

/// That the satisfaction and a whim, which is normal, are low.
fn low_probability(satisfaction: f64) -> f64 {
    let deviations = (LOW_BELOW - satisfaction) / WHIM;
    let probability = 0.5 * erfc(-deviations / std::f64::consts::SQRT_2);
    (probability * 1e6).round() / 1e6
}
