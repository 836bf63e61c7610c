//! Lists in pages. A page goes on behind the last line of the one before, wherever that is by then: what stays is neither left out nor
//! shown twice, whatever comes and goes meanwhile.

use axum::{
    Json,
    http::{HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Serialize, de::DeserializeOwned};

use crate::serve::problem::Problem;

/// Lines on a page.
pub(super) const LIMIT_MAX: usize = 10_000;

/// Lines on a page, unless the request names a number.
pub(super) const fn default_limit() -> usize {
    1_000
}

/// Which page is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) limit: usize,
    pub(super) cursor: Option<&'a str>,
    pub(super) uri: &'a Uri,
}

/// A page, and the way to the next one.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) lines: Vec<T>,
    pub(super) link: Link,
}

/// The header `Link` (RFC 8288); empty on the last page.
#[derive(Debug, Default)]
pub(super) struct Link(Option<String>);

impl Asked<'_> {
    /// Cuts a page out of all lines. `key` is what a line is sorted by; no two have the same.
    pub(super) fn cut<T, K>(
        self,
        mut all: Vec<T>,
        key: impl Fn(&T) -> K,
    ) -> Result<Page<T>, Problem>
    where
        K: Ord + Serialize + DeserializeOwned,
    {
        if self.limit > LIMIT_MAX {
            return Err(Problem::query(
                format!("limit={} is too many", self.limit),
                format!("ask for {LIMIT_MAX} at most, and for more by the header `Link`"),
            ));
        }
        all.sort_by_cached_key(&key);
        let begin = match self.cursor {
            Some(cursor) => {
                let last: K = read(cursor)?;
                all.partition_point(|line| key(line) <= last)
            }
            None => 0,
        };
        let mut lines: Vec<T> = all.drain(begin..).collect();
        let has_more = lines.len() > self.limit;
        lines.truncate(self.limit);
        let last = lines.last().filter(|_| has_more);
        let link = Link(last.map(|last| self.next(&written(&key(last)))));
        Ok(Page { lines, link })
    }

    fn next(self, cursor: &str) -> String {
        let query = self.uri.query().unwrap_or_default();
        let others = query
            .split('&')
            .filter(|it| !it.is_empty() && !it.starts_with("cursor="));
        let kept: Vec<&str> = others.collect();
        let begin = match kept.is_empty() {
            true => String::new(),
            false => kept.join("&") + "&",
        };
        format!("<{}?{begin}cursor={cursor}>; rel=\"next\"", self.uri.path())
    }
}

fn written<K: Serialize>(key: &K) -> String {
    let json = serde_json::to_vec(key).unwrap_or_default();
    BASE64URL_NOPAD.encode(&json)
}

fn read<K: DeserializeOwned>(cursor: &str) -> Result<K, Problem> {
    let json = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok();
    let key = json.and_then(|json| serde_json::from_slice(&json).ok());
    key.ok_or_else(|| {
        Problem::query(
            "`cursor` is none that this list has given",
            "take it from the header `Link` of the page before, or leave it out to begin anew",
        )
    })
}

impl Link {
    /// An answer with the way to the next page.
    pub(super) fn with<T: Serialize>(self, answer: T) -> Response {
        let mut answer = Json(answer).into_response();
        let link = self.0.and_then(|link| HeaderValue::from_str(&link).ok());
        if let Some(link) = link {
            answer.headers_mut().insert(header::LINK, link);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(all: &[u32], limit: usize, uri: &Uri) -> Result<Page<u32>, Problem> {
        let query = uri.query().unwrap_or_default();
        let cursor = query.split('&').find_map(|it| it.strip_prefix("cursor="));
        Asked { limit, cursor, uri }.cut(all.to_vec(), |line| *line)
    }

    fn next(page: &Page<u32>) -> Uri {
        let link = page.link.0.as_ref().unwrap();
        let target = link
            .strip_prefix('<')
            .and_then(|it| it.strip_suffix(">; rel=\"next\""));
        target.unwrap().parse().unwrap()
    }

    #[test]
    fn what_stays_is_shown_once_whatever_comes_and_goes() {
        let first: Uri = "/list?kind=a&limit=2".parse().unwrap();
        let page = cut(&[50, 10, 40, 20, 30], 2, &first).unwrap();
        assert_eq!(page.lines, [10, 20]);
        let second = next(&page);
        assert!(
            second
                .query()
                .unwrap()
                .starts_with("kind=a&limit=2&cursor=")
        );
        // The last line that was seen is gone, one came before it and one behind.
        let further = cut(&[50, 10, 40, 15, 30, 35], 2, &second).unwrap();
        assert_eq!(further.lines, [30, 35]);
        let last = cut(&[50, 10, 40], 2, &next(&further)).unwrap();
        assert_eq!(last.lines, [40, 50]);
        assert!(last.link.0.is_none());
    }

    #[test]
    fn a_cursor_of_another_list_and_too_many_lines_are_refused() {
        for uri in ["/list?cursor=x", "/list?cursor=InEi", "/list?cursor="] {
            assert!(cut(&[1], 2, &uri.parse().unwrap()).is_err(), "{uri}");
        }
        assert!(cut(&[1], LIMIT_MAX + 1, &"/list".parse().unwrap()).is_err());
    }
}
