//! Which settings are secrets: they may be read from a file, and are shown to nobody.

/// Stands for a secret where settings are shown.
pub(super) const MASK: &str = "********";

/// Parts of the names of librdkafka's properties that hold passwords, keys and tokens.
const PARTS: [&str; 6] = [
    "password",
    "secret",
    "key.pem",
    "passphrase",
    "oauthbearer.config",
    "key_pem",
];

/// Whether a property of librdkafka is a secret.
pub(super) fn is_secret_property(name: &str) -> bool {
    PARTS.iter().any(|part| name.contains(part))
}

/// Whether the setting at a path is a secret.
pub(super) fn is_secret(path: &[&str]) -> bool {
    match path {
        ["privacy", "key"] => true,
        // Whoever knows the URL of a webhook can write to it.
        [
            "notify",
            "receivers",
            _,
            "url" | "token" | "secret" | "routing_key" | "password",
        ] => true,
        // By a name, an index or a name with its index.
        ["http", list, .., "hash"] => list.starts_with("token"),
        ["kafka", "properties", name] => is_secret_property(name),
        _ => false,
    }
}
