//! Sentences with figures in them: `{live.waiting} wait in {name}`.

use cel::Context;

use super::{Formula, Mistake, Of};

/// A sentence in which formulas stand in braces. `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Formula(Formula),
}

impl Template {
    /// Compiles a sentence.
    ///
    /// # Errors
    /// When a brace is not closed, or a formula holds a mistake. The place is that within the formula.
    pub fn new(sentence: &str, of: Of) -> Result<Self, Mistake> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = sentence;
        while let Some((brace, before, behind)) = split_at_brace(rest) {
            text.push_str(before);
            rest = behind;
            if let Some(doubled) = rest.strip_prefix(brace) {
                text.push(brace);
                rest = doubled;
                continue;
            }
            let closed = rest.split_once('}').filter(|_| brace == '{');
            let Some((formula, after)) = closed else {
                return Err(Mistake {
                    line: 1,
                    column: sentence.len() - rest.len(),
                    sentence: format!(
                        "`{brace}` stands alone; write a formula in braces, or `{brace}{brace}`"
                    ),
                });
            };
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Formula(Formula::value(formula, of)?));
            rest = after;
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    pub(in crate::rules) fn shown(&self, context: &Context<'_, '_>) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Formula(formula) => formula.shown(context),
        });
        pieces.collect()
    }
}

/// Returns the first brace, what stands before it, and what behind.
fn split_at_brace(text: &str) -> Option<(char, &str, &str)> {
    let brace = text.chars().find(|it| matches!(it, '{' | '}'))?;
    let (before, behind) = text.split_once(brace)?;
    Some((brace, before, behind))
}

#[cfg(test)]
mod tests {
    use super::{super::figures::Figures, *};

    #[test]
    fn figures_stand_in_braces() {
        let template = Template::new("{name}: {live.waiting + 2} wait {{now}}", Of::Queue);
        let figures = Figures::sample(Of::Queue);
        let shown = template.unwrap().shown(&figures.context());
        assert_eq!(shown, "sample: 3 wait {now}");
        for (mistake, sentence) in [
            (
                "{live.waiting",
                "line 1, column 1: `{` stands alone; write a formula in braces, or `{{`",
            ),
            (
                "a } b",
                "line 1, column 3: `}` stands alone; write a formula in braces, or `}}`",
            ),
            (
                "{live.waits}",
                "line 1, column 1: there is no figure `live.waits`; did you mean `live.waiting`?",
            ),
        ] {
            let found = Template::new(mistake, Of::Queue).unwrap_err();
            assert_eq!(found.to_string(), sentence);
        }
    }
}
