//! Formulas in CEL, checked when they are compiled.

use std::{fmt, sync::Arc};

use cel::{
    Context, Program, Value,
    common::ast::{EntryExpr, Expr, IdedExpr},
};

use super::{Of, figures::Figures};
use crate::rules::statistic::float;

/// A formula over figures.
#[derive(Debug, Clone)]
pub struct Formula {
    text: String,
    program: Arc<Program>,
}

/// What is wrong with a formula, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1 on.
    pub line: usize,
    pub column: usize,
    pub sentence: String,
}

impl Formula {
    /// Compiles a condition.
    ///
    /// # Errors
    /// When it can't be parsed, names a figure that there is not, or is not true or false.
    pub fn condition(text: &str, of: Of) -> Result<Self, Mistake> {
        let (formula, sample) = Self::checked(text, of)?;
        if matches!(sample, Value::Bool(_)) {
            return Ok(formula);
        }
        let kind = kind_of(&sample);
        Err(formula.whole(format!("this gives {kind}; a condition is true or false")))
    }

    /// Compiles a formula for a number or a text.
    ///
    /// # Errors
    /// When it can't be parsed, or names a figure that there is not.
    pub fn value(text: &str, of: Of) -> Result<Self, Mistake> {
        Self::checked(text, of).map(|(formula, _)| formula)
    }

    /// Returns the formula, and what it gives of a sample.
    fn checked(text: &str, of: Of) -> Result<(Self, Value), Mistake> {
        let program = Program::compile(text).map_err(|errors| {
            let first = errors.errors.first();
            let at = |number: isize| usize::try_from(number).unwrap_or(0);
            Mistake {
                line: first.map_or(1, |error| at(error.pos.0).max(1)),
                column: first.map_or(1, |error| at(error.pos.1).max(1)),
                sentence: first.map_or_else(
                    || "this is no formula".to_owned(),
                    |error| format!("this is no formula: {}", error.msg),
                ),
            }
        })?;
        let formula = Self {
            text: text.to_owned(),
            program: Arc::new(program),
        };
        let figures = Figures::sample(of);
        let context = figures.context();
        formula.check(formula.program.expression(), &figures, &context)?;
        let sample = formula.program.execute(&context);
        let sample = sample.map_err(|error| formula.whole(error.to_string()))?;
        Ok((formula, sample))
    }

    /// Checks each part by itself: what stands behind an `&&` is not reached in every sample.
    fn check(
        &self,
        part: &IdedExpr,
        figures: &Figures,
        context: &Context<'_, '_>,
    ) -> Result<(), Mistake> {
        let mut parts: Vec<&IdedExpr> = Vec::new();
        match &part.expr {
            Expr::Call(call) => parts.extend(call.target.as_deref().into_iter().chain(&call.args)),
            Expr::List(list) => parts.extend(&list.elements),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        parts.extend([&entry.key, &entry.value]);
                    }
                }
            }
            Expr::Ident(_) | Expr::Select(_) => {
                if let Some(path) = path_of(part)
                    && let Some(sentence) = figures.missing(&path)
                {
                    return Err(self.mistake(part, sentence));
                }
            }
            // What runs over a list has names of its own.
            Expr::Comprehension(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
        for inner in parts {
            self.check(inner, figures, context)?;
        }
        match context.resolve(part) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.mistake(part, error.to_string())),
        }
    }

    fn whole(&self, sentence: String) -> Mistake {
        self.mistake(self.program.expression(), sentence)
    }

    fn mistake(&self, part: &IdedExpr, sentence: String) -> Mistake {
        let offset = first_offset(part, &self.program);
        let before: String = self.text.chars().take(offset).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
        Mistake {
            line,
            column,
            sentence,
        }
    }

    /// Returns whether the condition is true. `None`: nobody can know, as where something is divided by zero.
    pub(in crate::rules) fn is_true(&self, context: &Context<'_, '_>) -> Option<bool> {
        match self.program.execute(context) {
            Ok(Value::Bool(is_true)) => Some(is_true),
            Ok(_) | Err(_) => None,
        }
    }

    pub(in crate::rules) fn number(&self, context: &Context<'_, '_>) -> Option<f64> {
        let value = self.program.execute(context).ok()?;
        if let Value::Float(number) = value {
            return Some(number);
        }
        if let Value::Int(count) = value {
            return Some(float(count));
        }
        if let Value::Bool(is_true) = value {
            return Some(f64::from(u8::from(is_true)));
        }
        None
    }

    /// Returns what it gives, for people: numbers with at most two decimals.
    pub(in crate::rules) fn shown(&self, context: &Context<'_, '_>) -> String {
        match self.program.execute(context) {
            Ok(Value::Float(number)) => {
                let text = format!("{number:.2}");
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Ok(Value::Int(number)) => number.to_string(),
            Ok(Value::String(text)) => text.to_string(),
            Ok(Value::Bool(is_true)) => is_true.to_string(),
            Ok(_) | Err(_) => "?".to_owned(),
        }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            sentence,
        } = self;
        write!(formatter, "line {line}, column {column}: {sentence}")
    }
}

/// Returns where a part begins: calls and selections are noted at their operator.
fn first_offset(part: &IdedExpr, program: &Program) -> usize {
    let inner = match &part.expr {
        Expr::Call(call) => call.target.as_deref().or_else(|| call.args.first()),
        Expr::Select(select) => Some(&*select.operand),
        Expr::Comprehension(_)
        | Expr::Ident(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => None,
    };
    let own = program.source_info().offset_for(part.id);
    let own = own.and_then(|(start, _)| usize::try_from(start).ok());
    let inner = inner.map(|inner| first_offset(inner, program));
    own.into_iter().chain(inner).min().unwrap_or(0)
}

/// Returns the names of `a.b.c`.
fn path_of(part: &IdedExpr) -> Option<Vec<&str>> {
    match &part.expr {
        Expr::Ident(name) => Some(vec![name]),
        Expr::Select(select) => {
            let mut path = path_of(&select.operand)?;
            path.push(&select.field);
            Some(path)
        }
        Expr::Call(_)
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Unspecified => None,
    }
}

const fn kind_of(value: &Value) -> &'static str {
    if matches!(value, Value::Int(_) | Value::UInt(_) | Value::Float(_)) {
        "a number"
    } else if matches!(value, Value::String(_)) {
        "a text"
    } else if matches!(value, Value::Map(_)) {
        "figures, of which one is to be named, as in `.value`"
    } else {
        "something else"
    }
}
