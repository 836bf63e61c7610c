//! The summary as a screen, for a terminal of 80 by 24 or more.

use std::time::Duration;

use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Style, Stylize as _},
    text::{Line, Text},
    widgets::{Cell, Paragraph, Row, Table, Wrap},
};

use super::{
    board::{Escalation, Level, Queue, WINDOW},
    scene::{Scene, View},
    text,
};
use crate::{cli::journal::Journal, kafka::Stop};

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// More than a large terminal has lines.
const ESCALATIONS_MAX: usize = 100;
/// The sentence of the newest escalation may need two.
const SENTENCE_LINES: u16 = 2;

/// Draws until the demo is to stop, or somebody quits.
pub(super) fn show(scene: &mut Scene, journal: &Journal, stop: &Stop) -> anyhow::Result<()> {
    journal.hold();
    let shown = match ratatui::try_init() {
        Ok(mut terminal) => turn(&mut terminal, scene, journal, stop),
        Err(error) => Err(error.into()),
    };
    let restored = ratatui::try_restore();
    stop.request();
    journal.release();
    shown.and(Ok(restored?))
}

fn turn(
    terminal: &mut DefaultTerminal,
    scene: &mut Scene,
    journal: &Journal,
    stop: &Stop,
) -> anyhow::Result<()> {
    while !stop.is_requested() {
        let view = scene.look(ESCALATIONS_MAX);
        let note = journal.newest();
        terminal.draw(|frame| draw(frame, &view, note.as_deref()))?;
        if event::poll(LOOK_EVERY)? && quits(&event::read()?) {
            stop.request();
        }
    }
    Ok(())
}

fn quits(event: &Event) -> bool {
    let Event::Key(KeyEvent {
        code,
        modifiers,
        kind: KeyEventKind::Press,
        ..
    }) = event
    else {
        return false;
    };
    let interrupts = *code == KeyCode::Char('c') && modifiers.contains(KeyModifiers::CONTROL);
    interrupts || matches!(code, KeyCode::Char('q') | KeyCode::Esc)
}

fn draw(frame: &mut Frame<'_>, view: &View, note: Option<&str>) {
    let [head, table, title, list, detail, _, pulse, log] =
        Layout::vertical(heights(view, note, frame.area().height).map(Constraint::Length))
            .areas(frame.area());
    frame.render_widget(header(view), head);
    frame.render_widget(queue_table(&view.board.queues), table);
    frame.render_widget(escalations_title(view), title);
    frame.render_widget(escalation_list(view, list), list);
    frame.render_widget(newest_in_full(view), detail);
    frame.render_widget(pulse_line(view), pulse);
    if let Some(note) = note {
        frame.render_widget(Line::from(note.yellow()), log);
    }
}

/// Of each part, from above: as many escalations as there is room for.
fn heights(view: &View, note: Option<&str>, all: u16) -> [u16; 8] {
    let board = &view.board;
    let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let table = lines(board.queues.len()).saturating_add(1);
    let newest =
        (board.escalations.first()).map_or(0, |newest| SENTENCE_LINES + lines(newest.paths.len()));
    let log = u16::from(note.is_some());
    let (head, title, pulse) = (1, 1, 1);
    let fixed = [head, table, title, newest, pulse, log];
    let room = all.saturating_sub(fixed.into_iter().fold(0, u16::saturating_add));
    let list = room.min(lines(board.escalations.len()));
    [head, table, title, list, newest, room - list, pulse, log]
}

fn header(view: &View) -> Line<'static> {
    Line::from(format!(
        " Floorwalker   {} agents   {} UTC   Kafka {}   q quits",
        view.agents,
        text::time_of_day(view.now),
        view.addresses.broker(),
    ))
    .reversed()
}

fn queue_table(queues: &[Queue]) -> Table<'_> {
    let widths = [12, 7, 7, 7, 6, 6, 24, 6].map(|width| match width {
        24 => Constraint::Fill(1),
        width => Constraint::Length(width),
    });
    let header = [
        "queue", "waiting", "longest", "at risk", "level", "target", "policy", "AHT",
    ];
    Table::new(queues.iter().map(queue_row), widths)
        .header(Row::new(header.map(right_but_names)).dim())
}

fn right_but_names(name: &'static str) -> Cell<'static> {
    match name {
        "queue" | "policy" => Cell::from(name),
        _ => right(name),
    }
}

fn right<'a>(text: impl Into<Line<'a>>) -> Cell<'a> {
    Cell::from(text.into().right_aligned())
}

fn queue_row(queue: &Queue) -> Row<'_> {
    let level = queue.level.as_ref();
    let waits = match queue.at_risk {
        0 => Style::new(),
        _ => Style::new().yellow(),
    };
    let cells = [
        Cell::from(queue.name.as_str()),
        right(queue.waiting.to_string()).style(waits),
        right(text::length(queue.longest_wait)).style(waits),
        right(queue.at_risk.to_string()).style(waits),
        right(text::percent(level.map(|level| level.met))).style(level_style(level)),
        right(text::percent(level.and_then(|level| level.target))),
        Cell::from(level.map_or("", |level| level.policy.as_str())),
        right(text::length(queue.handle_time)),
    ];
    match queue.name.as_str() {
        "all" => Row::new(cells).bold(),
        _ => Row::new(cells),
    }
}

fn level_style(level: Option<&Level>) -> Style {
    match level {
        Some(Level {
            met,
            target: Some(target),
            ..
        }) if met < target => Style::new().red(),
        Some(_) => Style::new().green(),
        None => Style::new(),
    }
}

fn escalations_title(view: &View) -> Line<'static> {
    let firing = match view.board.firing {
        0 => "Nobody needs anybody now".to_owned(),
        1 => "One escalation".to_owned(),
        firing => format!("{firing} escalations, the newest first"),
    };
    Line::from(format!(" {firing}; levels and handle times over {WINDOW}")).dim()
}

fn escalation_list(view: &View, area: Rect) -> Text<'static> {
    let lines = view.board.escalations.iter().take(area.height.into());
    lines.map(|it| escalation_line(it, area.width)).collect()
}

fn escalation_line(escalation: &Escalation, width: u16) -> Line<'static> {
    let time = text::time_of_day(escalation.at);
    let line = format!("{time} {:<11} {}", escalation.rule, escalation.why);
    let line = text::cut(&line, width.into());
    match escalation.severity.as_str() {
        "critical" => Line::from(line).red(),
        _ => Line::from(line).yellow(),
    }
}

fn newest_in_full(view: &View) -> Paragraph<'static> {
    let lines = view.board.escalations.first().map(|newest| {
        let commands = newest.paths.iter();
        let commands = commands.map(|path| format!("  curl {}", view.addresses.url(path)));
        let commands = commands.map(|command| Line::from(command).cyan());
        std::iter::once(Line::from(newest.why.clone()).bold())
            .chain(commands)
            .collect::<Text<'_>>()
    });
    Paragraph::new(lines.unwrap_or_default()).wrap(Wrap { trim: false })
}

fn pulse_line(view: &View) -> Line<'static> {
    let pulse = &view.pulse;
    Line::from(format!(
        " {:.0} events/s   {} wait to be read   figures {} behind   {} put aside",
        pulse.events_a_second,
        pulse.lag,
        text::behind(pulse.behind),
        pulse.counters.dead_lettered,
    ))
    .reversed()
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;
    use crate::cli::demo::{board::Board, pulse::Pulse, scene::Addresses};
    use floorwalker_core::{
        engine::Counters,
        event::{Span, Timestamp},
    };

    fn at(time: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-11-22T{time}Z")).unwrap()
    }

    fn queue(name: &str, waiting: i64, met: f64) -> Queue {
        Queue {
            name: name.to_owned(),
            clock: at("14:03:25"),
            waiting,
            longest_wait: (waiting > 0).then_some(42.2),
            at_risk: waiting / 2,
            level: Some(Level {
                policy: "voice answer".to_owned(),
                met,
                target: Some(0.8),
            }),
            handle_time: Some(312.4),
        }
    }

    fn view(escalations: Vec<Escalation>) -> View {
        View {
            addresses: Addresses {
                broker: ([127, 0, 0, 1], 9092).into(),
                http: ([127, 0, 0, 1], 8640).into(),
            },
            agents: 120,
            now: at("14:03:27"),
            board: Board {
                queues: vec![queue("billing", 9, 0.61), queue("all", 9, 0.85)],
                firing: escalations.len(),
                escalations,
            },
            pulse: Pulse {
                counters: Counters::default(),
                events_a_second: 41.6,
                lag: 0,
                behind: Some(Span::from_millis(2_100)),
            },
        }
    }

    fn missed(contact: &str, time: &str) -> Escalation {
        let path = |tail: &str| format!("/api/v1/{tail}");
        Escalation {
            id: format!("contact:{contact}/1"),
            rule: "sla.missed".to_owned(),
            severity: "critical".to_owned(),
            at: at(time),
            why: format!(
                "{contact} has waited 20 s in billing; the target is an answer within 20 s."
            ),
            paths: [
                path(&format!("contacts/{contact}")),
                path(&format!("contacts/{contact}/history")),
                path("entities/queue:billing/kpis"),
            ],
        }
    }

    fn drawn(view: &View, note: Option<&str>) -> String {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, view, note)).unwrap();
        let screen = terminal.backend().to_string();
        let lines = screen.lines().map(|line| line.trim_matches('"').trim_end());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_screen_of_80_by_24_shows_all_of_it() {
        let view = view(vec![missed("c2", "14:03:26"), missed("c1", "14:03:21")]);
        let screen = drawn(&view, Some("WARN a line of the log"));
        let expected = [
            "120 agents   14:03:27 UTC   Kafka localhost:9092   q quits",
            "billing            9    42 s       4   61 %   80 % voice answer            312 s",
            "2 escalations, the newest first",
            "14:03:26 sla.missed  c2 has waited 20 s in billing; the target is an answer wit…",
            "14:03:21 sla.missed  c1 ",
            "c2 has waited 20 s in billing; the target is an answer within 20 s.",
            "  curl http://127.0.0.1:8640/api/v1/contacts/c2/history",
            "  curl http://127.0.0.1:8640/api/v1/entities/queue:billing/kpis",
            "42 events/s   0 wait to be read   figures 2.1 s behind",
            "WARN a line of the log",
        ];
        for text in expected {
            assert!(screen.contains(text), "no `{text}` in\n{screen}");
        }
    }

    #[test]
    fn a_quiet_center_says_so() {
        let screen = drawn(&view(Vec::new()), None);
        assert!(screen.contains("Nobody needs anybody now"), "{screen}");
    }
}
