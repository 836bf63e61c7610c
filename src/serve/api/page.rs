//! A contact for people, where an alert's link `wallboard` leads: what happened, line by line. No script; nothing from elsewhere.

use axum::{
    extract::{Path, State},
    http::{Uri, header},
    response::{Html, IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{contacts, fault::Fault, state::Side};
use crate::serve::model::Line;

/// Nothing is loaded, run, framed or sent; the style is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;\
border-bottom:1px solid #8884;overflow-wrap:anywhere}time{white-space:nowrap}.alert{font-weight:600}";

pub(super) async fn show(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let record = contacts::find(&side, &uri, &id)?;
    let lines = side.model.history(&record);
    let lines = lines.map_err(|error| Fault::broken(&uri, &error))?;
    let page = page(&id, &lines).into_string();
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response())
}

fn page(id: &str, lines: &[Line]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Contact " (id) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Contact " (id) }
                table {
                    thead { tr { th scope="col" { "Time (UTC)" } th scope="col" { "What happened" } } }
                    tbody {
                        @for line in lines {
                            tr class=(line.part) { td { time { (line.at) } } td { (line.text) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ids_and_texts_hold_is_text() {
        let line = Line {
            at: floorwalker_core::event::Timestamp::default(),
            part: "wait",
            text: "waits in <script>alert(1)</script>".to_owned(),
            alert: None,
        };
        let page = page("<img src=x>", &[line]).into_string();
        assert!(
            !page.contains("<script>") && !page.contains("<img"),
            "{page}"
        );
        assert!(page.contains("waits in &lt;script&gt;"), "{page}");
    }
}
