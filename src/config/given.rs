//! Settings beside the file: variables of the environment, such as `FLOORWALKER_KAFKA__BROKERS`, and `--set kafka.brokers=…`.

use toml::de::{DeTable, DeValue};

use super::{
    environment::Environment,
    fault::Mistake,
    file::File,
    shape::{ANY, Shape, all_values, shape_at},
};
use crate::kafka::is_property;
use floorwalker_core::rules::RuleKind;

const PREFIX: &str = "FLOORWALKER_";
/// Between the parts of a variable's name.
const BETWEEN: &str = "__";
/// Variables that are options of the command line.
const OPTIONS: [&str; 2] = ["FLOORWALKER_CONFIG", "FLOORWALKER_LOG_FORMAT"];

/// A step into the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Name(String),
    Index(usize),
}

impl Part {
    pub(super) fn as_name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Index(_) => ANY,
        }
    }
}

/// A setting that is given by a variable or an option.
#[derive(Debug)]
pub(super) struct Given {
    /// The variable, or `--set` and the setting.
    pub(super) by: String,
    pub(super) path: Vec<Part>,
    pub(super) shape: Shape,
    pub(super) text: String,
}

impl Given {
    /// Reads the value, as text or as TOML, as the setting has it.
    ///
    /// # Errors
    /// A sentence: what it should be.
    pub(super) fn value(&self) -> Result<DeValue<'_>, String> {
        let text = self.text.as_str();
        let as_text = |it: &str| DeValue::String(it.to_owned().into());
        let as_toml = || DeValue::parse(text).map(toml::Spanned::into_inner);
        match self.shape {
            Shape::Text | Shape::Scalar => Ok(as_text(text)),
            Shape::Plain => Ok(as_toml().unwrap_or_else(|_| as_text(text))),
            Shape::List if text.trim_start().starts_with('[') => {
                as_toml().map_err(|error| format!("this is no list of TOML: {}", error.message()))
            }
            Shape::List if text.is_empty() => Ok(DeValue::Array(std::iter::empty().collect())),
            Shape::List => {
                let mut begin = 0;
                let elements = text.split(',').map(|element| {
                    let place = begin..begin + element.len();
                    begin = place.end + 1;
                    toml::Spanned::new(place, as_text(element.trim()))
                });
                Ok(DeValue::Array(elements.collect()))
            }
            Shape::Fields(_) | Shape::Names => match as_toml() {
                Ok(table @ DeValue::Table(_)) => Ok(table),
                _ => Err(
                    "this is a table: write it as TOML, such as `{ name = \"value\" }`".to_owned(),
                ),
            },
        }
    }
}

/// Returns the settings that variables give, those of whole tables before those of their parts.
///
/// # Errors
/// When a variable begins with `FLOORWALKER_` and is no setting.
pub(super) fn of_variables(environment: &Environment) -> Result<Vec<Given>, Vec<Mistake>> {
    let mut given = Vec::new();
    let mut unknown = Vec::new();
    for (name, text) in environment.all() {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if OPTIONS.contains(&name) || is_of_a_service(rest) {
            continue;
        }
        let words: Vec<String> = rest.split(BETWEEN).map(str::to_ascii_lowercase).collect();
        match resolve(&words, Names::OfVariable) {
            Some((path, shape)) => given.push(Given {
                by: name.to_owned(),
                path,
                shape,
                text: text.to_owned(),
            }),
            None => unknown.push(Mistake::of(name, unknown_variable(&words))),
        }
    }
    given.sort_by(|one, other| one.path.cmp(&other.path));
    match unknown.is_empty() {
        true => Ok(given),
        false => Err(unknown),
    }
}

/// Returns the settings that `--set SETTING=VALUE` gives.
///
/// # Errors
/// When one is no setting, or has no value.
pub(super) fn of_options(options: &[String]) -> Result<Vec<Given>, Vec<Mistake>> {
    let mut given = Vec::new();
    let mut unknown = Vec::new();
    for option in options {
        let by = |setting: &str| format!("--set {setting}");
        let Some((setting, text)) = option.split_once('=') else {
            let sentence = "write SETTING=VALUE, such as kafka.brokers=localhost:9092";
            unknown.push(Mistake::of(&by(option), sentence.to_owned()));
            continue;
        };
        let words = words_of(setting.trim());
        match resolve(&words, Names::OfOption) {
            Some((path, shape)) => given.push(Given {
                by: by(setting.trim()),
                path,
                shape,
                text: text.to_owned(),
            }),
            None => unknown.push(Mistake::of(&by(setting), unknown_option(&words))),
        }
    }
    match unknown.is_empty() {
        true => Ok(given),
        false => Err(unknown),
    }
}

/// As TOML has it: a part in quotes may have dots of its own. The names of properties have them without, too.
fn words_of(setting: &str) -> Vec<String> {
    const PROPERTIES: &str = "kafka.properties.";
    let property = setting.strip_prefix(PROPERTIES);
    if let Some(property) = property.filter(|it| !it.starts_with(['"', '\''])) {
        return ["kafka", "properties", property].map(str::to_owned).into();
    }
    let parsed = format!("{setting} = 0");
    let parsed = DeTable::parse(&parsed).ok().and_then(|table| {
        let mut words = Vec::new();
        let mut table = table.into_inner();
        loop {
            let (key, value) = table.into_iter().next()?;
            words.push(key.into_inner().into_owned());
            match value.into_inner() {
                DeValue::Table(inner) => table = inner,
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => return Some(words),
            }
        }
    });
    // A name with a space was written without quotes.
    parsed.unwrap_or_else(|| setting.split('.').map(str::to_owned).collect())
}

/// Kubernetes and Docker's links describe the services beside a container in variables, which begin with the service's name.
fn is_of_a_service(rest: &str) -> bool {
    const TAILS: [&str; 5] = ["PROTO", "PORT", "ADDR", "TCP", "UDP"];
    let of_port = |tail: &str| {
        let mut words = tail.split('_');
        let number = words.next().unwrap_or_default();
        number.parse::<u16>().is_ok() && words.all(|word| TAILS.contains(&word))
    };
    let within = format!("_{rest}");
    !rest.contains(BETWEEN)
        && (within.ends_with("_SERVICE_HOST")
            || within.contains("_SERVICE_PORT")
            || within.ends_with("_PORT")
            || within.rsplit_once("_PORT_").is_some_and(|(_, tail)| {
                of_port(tail) || within.split("_PORT_").skip(1).any(of_port)
            }))
}

/// How names are written that a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// In letters, digits and `_`.
    OfVariable,
    /// As they are; one with dots may lack its quotes.
    OfOption,
}

/// Returns where a setting is; `None` if there is none.
fn resolve(words: &[String], names: Names) -> Option<(Vec<Part>, Shape)> {
    let mut path = Vec::new();
    let shape = descend(words, names, &mut Vec::new(), &mut path)?;
    (!path.is_empty()).then_some((path, shape))
}

/// Goes on to where the words lead from a place, which has the path `types` among the types. Returns what is there.
fn descend(
    words: &[String],
    names: Names,
    types: &mut Vec<&'static str>,
    path: &mut Vec<Part>,
) -> Option<Shape> {
    let here = shape_at::<File>(types)?;
    let Some((word, rest)) = words.split_first() else {
        return Some(here);
    };
    let (part, step) = match here {
        Shape::Fields(fields) => {
            let field = fields.iter().find(|it| *it == word)?;
            (Part::Name((*field).to_owned()), *field)
        }
        Shape::Names if word.is_empty() => return None,
        Shape::Names => (Part::Name(name(types, word, names)), ANY),
        Shape::List => (Part::Index(word.parse().ok()?), ANY),
        Shape::Text | Shape::Plain | Shape::Scalar => return None,
    };
    types.push(step);
    path.push(part);
    let found = descend(rest, names, types, path);
    if found.is_some() {
        return found;
    }
    types.pop();
    path.pop();
    // `rules.queue.surge.threshold`: the name has a dot, and something of it follows.
    let [next, behind @ ..] = rest else {
        return None;
    };
    if here != Shape::Names || names == Names::OfVariable || behind.is_empty() {
        return None;
    }
    let joined = [&[format!("{word}.{next}")], behind].concat();
    descend(&joined, names, types, path)
}

/// Returns the name that a word means in a table of names.
fn name(table: &[&str], word: &str, names: Names) -> String {
    let is_variable = names == Names::OfVariable;
    match table {
        ["kafka", "properties"] => property(word),
        ["rules"] if is_variable => {
            let built_in = RuleKind::ALL.into_iter().map(RuleKind::name);
            let mut built_in = built_in.filter(|name| name.replace('.', "_") == word);
            built_in.next().unwrap_or(word).to_owned()
        }
        _ => word.to_owned(),
    }
}

/// A variable has `_` where most properties have a dot, and some an underscore.
fn property(word: &str) -> String {
    let dotted = word.replace('_', ".");
    match is_property(word) && !is_property(&dotted) {
        true => word.to_owned(),
        false => dotted,
    }
}

fn unknown_variable(words: &[String]) -> String {
    let setting = nearest(words).map(|path| PREFIX.to_owned() + &path.join(BETWEEN).to_uppercase());
    let options = OPTIONS.map(str::to_owned);
    let wanted = PREFIX.to_owned() + &words.join(BETWEEN).to_uppercase();
    let all = setting.into_iter().chain(options);
    let nearest = all.min_by_key(|known| strsim::damerau_levenshtein(known, &wanted));
    let nearest = nearest.unwrap_or_default();
    format!("there is no such setting; the nearest is {nearest}. Rename the variable, or unset it")
}

fn unknown_option(words: &[String]) -> String {
    let nearest = nearest(words).map_or_else(String::new, |path| path.join("."));
    format!("there is no such setting; the nearest is {nearest}")
}

/// The setting whose name is most like this one, with names and numbers as they were given.
fn nearest(words: &[String]) -> Option<Vec<String>> {
    let wanted = words.join(BETWEEN);
    let all = all_values::<File>().into_iter().map(|(path, _)| {
        let parts = path.into_iter().enumerate();
        let parts = parts.map(|(place, part)| match part {
            ANY => words.get(place).map_or("0", String::as_str).to_owned(),
            known => known.to_owned(),
        });
        parts.collect::<Vec<String>>()
    });
    all.min_by_key(|path| strsim::damerau_levenshtein(&path.join(BETWEEN), &wanted))
}
