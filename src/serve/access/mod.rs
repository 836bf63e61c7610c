//! Who may ask for what: tokens with scopes, in a header or in the cookie of a signed-in browser.
//!
//! Contract: with tokens in the configuration, every path but those of health asks for one. What a path needs follows from the
//! method and a few named paths, so that a new path is never open.

mod browser;
mod gate;
mod guard;
mod session;
mod token;

pub use browser::COOKIE;
pub(super) use gate::{Caller, Gate};
pub(super) use guard::admit;
pub(super) use session::routes;
pub use token::{NewToken, Scope, Token, TokenHash};
