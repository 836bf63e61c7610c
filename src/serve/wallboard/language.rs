//! Which language a reader is shown: the one that the address names, or the best of those that the browser asks for.

/// What there are messages for; the first if nothing fits.
pub(super) const LANGUAGES: [&str; 5] = ["en", "es", "id", "sv", "zh"];

/// `?lang=sv` counts before `Accept-Language`.
pub(super) fn choose(query: Option<&str>, accepted: Option<&str>) -> &'static str {
    let parameters = query.unwrap_or_default().split('&');
    let mut named = parameters.filter_map(|it| it.strip_prefix("lang="));
    let asked = named.next().and_then(known);
    asked
        .or_else(|| best(accepted.unwrap_or_default()))
        .unwrap_or(LANGUAGES[0])
}

/// Of two that are as welcome the one that is named first.
fn best(accepted: &str) -> Option<&'static str> {
    let mut best: Option<(f64, &'static str)> = None;
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let language = parts.next().and_then(known);
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(Some(1.0), |text| text.parse::<f64>().ok());
        if let (Some(language), Some(weight)) = (language, weight)
            && weight > best.map_or(0.0, |(before, _)| before)
        {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `es-MX` is Spanish, and `in` an old name of Indonesian.
fn known(tag: &str) -> Option<&'static str> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    let primary = match primary.to_ascii_lowercase().as_str() {
        "in" => "id".to_owned(),
        other => other.to_owned(),
    };
    LANGUAGES.into_iter().find(|language| *language == primary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_counts_before_the_browser_and_english_is_left() {
        for (query, accepted, expected) in [
            (None, None, "en"),
            (None, Some("sv-SE,sv;q=0.9,en;q=0.8"), "sv"),
            (None, Some("de, es;q=0.7, en;q=0.3"), "es"),
            (None, Some("en;q=0.3, zh-Hans-CN"), "zh"),
            (None, Some("in"), "id"),
            (None, Some("sv;q=0, de"), "en"),
            (None, Some("sv;q=x, ;;, es"), "es"),
            (Some("view=tv&lang=zh"), Some("sv"), "zh"),
            (Some("lang=xx"), Some("sv"), "sv"),
        ] {
            assert_eq!(choose(query, accepted), expected, "{query:?} {accepted:?}");
        }
    }
}
