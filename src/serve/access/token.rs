//! Tokens: what they look like, what the configuration keeps of one, and what one allows.

use std::{collections::BTreeSet, fmt, str::FromStr};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// By this people and scanners of leaks know a token.
const PREFIX: &str = "fwt_";
/// No guess finds one of 2^256.
const RANDOM_BYTES: usize = 32;
const ALGORITHM: &str = "sha256:";

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The pages for Prometheus.
    Metrics,
    /// All that can be read, these pages too.
    Read,
    /// Acknowledging and silencing.
    Act,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Metrics, Self::Read, Self::Act];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Read => "read",
            Self::Act => "act",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The SHA-256 of a token.
///
/// That is enough because a token is random: a slow hash protects what people think up, and there is nothing to guess here. A slow
/// one would let strangers keep the processor busy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Takes the same time whatever differs.
    fn is(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{ALGORITHM}{}",
            HEXLOWER_PERMISSIVE.encode(&self.0)
        )
    }
}

/// Not even the hash is for a log.
impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(…)")
    }
}

/// What was given as a hash is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoHash;

impl FromStr for TokenHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let digits = text.strip_prefix(ALGORITHM).ok_or(NoHash)?;
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes());
        let bytes = bytes.map_err(|_| NoHash)?;
        bytes.try_into().map(Self).map_err(|_| NoHash)
    }
}

/// A token as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is: the author of acknowledgements and silences.
    pub name: String,
    pub hash: TokenHash,
    pub scopes: BTreeSet<Scope>,
}

impl Token {
    #[must_use]
    pub fn allows(&self, needed: Scope) -> bool {
        let reads = needed == Scope::Metrics && self.scopes.contains(&Scope::Read);
        reads || self.scopes.contains(&needed)
    }
}

/// A token that was made just now. It is shown once, and kept nowhere.
#[derive(Debug)]
pub struct NewToken {
    pub secret: String,
    pub hash: TokenHash,
}

impl NewToken {
    /// Makes one of the system's randomness.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn make() -> Result<Self, getrandom::Error> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        let secret = PREFIX.to_owned() + &BASE64URL_NOPAD.encode(&random);
        let hash = TokenHash::of(&secret);
        Ok(Self { secret, hash })
    }
}

/// Returns the token of this secret. All are compared, so that nothing can be learned from the time.
pub(super) fn find<'t, T: AsRef<Token>>(tokens: &'t [T], secret: &str) -> Option<&'t T> {
    let hash = TokenHash::of(secret);
    let mut found = None;
    for token in tokens {
        if token.as_ref().hash.is(&hash).into() {
            found = Some(token);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_hash_is_that_of_sha256sum() {
        let hash = TokenHash::of("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_uppercase().replace("SHA", "sha").parse(), Ok(hash));
        for wrong in [
            "",
            "abc",
            "sha256:",
            "sha256:ab12",
            "md5:ab1234",
            text.strip_prefix("sha256:").unwrap(),
        ] {
            assert_eq!(wrong.parse::<TokenHash>(), Err(NoHash), "{wrong}");
        }
        assert!(!format!("{hash:?}").contains("7816bf"));
    }

    #[test]
    fn a_token_is_found_by_its_secret_alone() {
        let made: Vec<NewToken> = (0..3).map(|_| NewToken::make().unwrap()).collect();
        let kept = |one: &NewToken| {
            Arc::new(Token {
                name: "x".to_owned(),
                hash: one.hash,
                scopes: BTreeSet::new(),
            })
        };
        let tokens: Vec<_> = made.iter().map(kept).collect();
        for (one, token) in made.iter().zip(&tokens) {
            assert!(one.secret.starts_with(PREFIX) && one.secret.len() == 47);
            assert_eq!(find(&tokens, &one.secret), Some(token));
            assert_eq!(find(&tokens, &one.secret.to_uppercase()), None);
        }
        assert_eq!(find(&tokens, ""), None);
    }

    #[test]
    fn reading_includes_metrics_and_acting_includes_nothing() {
        for (has, needed, expected) in [
            (Scope::Metrics, Scope::Metrics, true),
            (Scope::Metrics, Scope::Read, false),
            (Scope::Read, Scope::Metrics, true),
            (Scope::Read, Scope::Read, true),
            (Scope::Read, Scope::Act, false),
            (Scope::Act, Scope::Read, false),
            (Scope::Act, Scope::Metrics, false),
            (Scope::Act, Scope::Act, true),
        ] {
            let token = Token {
                name: "x".to_owned(),
                hash: TokenHash::of("x"),
                scopes: [has].into(),
            };
            assert_eq!(token.allows(needed), expected, "{has:?} {needed:?}");
        }
    }
}
