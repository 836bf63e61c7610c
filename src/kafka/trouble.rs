//! Why a broker can't be talked to, read from the log of librdkafka: the words, and the cure.

/// What is wrong between a client and a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Trouble {
    /// Nothing listens there.
    Refused,
    Unreachable,
    /// No address has this name.
    Unresolved,
    /// The broker does not take the user, the password or the mechanism.
    Authentication,
    /// The broker's certificate is not signed by who is trusted here, or names another host.
    Certificate,
    /// The broker wants a certificate of the client.
    ClientCertificate,
    /// One side talks TLS or SASL, the other does not.
    Listener,
    /// The connection is closed before the broker sends anything: so does one that expects another protocol, and a proxy before
    /// one that is down.
    Dropped,
    /// The connection was closed.
    Closed,
    /// No answer comes.
    Silent,
}

/// Words of librdkafka and OpenSSL by which a trouble is known; the first that is found decides.
const SIGNS: [(&str, Trouble); 27] = [
    ("certificate verify failed", Trouble::Certificate),
    ("certificate could not be verified", Trouble::Certificate),
    ("self-signed certificate", Trouble::Certificate),
    (
        "client SSL authentication might be",
        Trouble::ClientCertificate,
    ),
    ("certificate required", Trouble::ClientCertificate),
    ("alert bad certificate", Trouble::ClientCertificate),
    ("alert unknown ca", Trouble::ClientCertificate),
    ("PLAINTEXT broker listener", Trouble::Listener),
    ("wrong version number", Trouble::Listener),
    ("packet length too long", Trouble::Listener),
    ("connecting to a SSL listener", Trouble::Listener),
    ("might require SASL authentication", Trouble::Listener),
    ("not valid in current SASL state", Trouble::Listener),
    ("SSL handshake failed", Trouble::Listener),
    ("Unsupported SASL mechanism", Trouble::Authentication),
    ("supported mechanisms", Trouble::Authentication),
    ("uthentication fail", Trouble::Authentication),
    ("uthentication error", Trouble::Authentication),
    ("Failed to resolve", Trouble::Unresolved),
    ("Connection refused", Trouble::Refused),
    ("unreachable", Trouble::Unreachable),
    ("No route to host", Trouble::Unreachable),
    ("timed out", Trouble::Silent),
    ("Timed out", Trouble::Silent),
    ("Disconnected", Trouble::Closed),
    ("Connection reset", Trouble::Closed),
    ("Broken pipe", Trouble::Closed),
];

impl Trouble {
    /// Returns the trouble that a line of librdkafka's log, or the reason of an error, is about.
    pub(super) fn of(text: &str) -> Option<Self> {
        let found = SIGNS.iter().find(|(sign, _)| text.contains(sign));
        found.map(|(_, trouble)| *trouble)
    }

    /// Returns the trouble of a client that has not had an answer yet.
    pub(super) fn at_first(text: &str) -> Option<Self> {
        let early = "in state APIVERSION_QUERY";
        let trouble = Self::of(text)?;
        let is_early = text.contains(early) || text.contains("ms in state UP");
        Some(match trouble == Self::Closed && is_early {
            true => Self::Dropped,
            false => trouble,
        })
    }

    /// Whether a person has to change something: waiting does not help.
    pub(super) const fn needs_a_person(self) -> bool {
        match self {
            Self::Unresolved
            | Self::Authentication
            | Self::Certificate
            | Self::ClientCertificate
            | Self::Dropped
            | Self::Listener => true,
            Self::Refused | Self::Unreachable | Self::Closed | Self::Silent => false,
        }
    }

    /// Whether it is beyond doubt at its first sign. A name may not be known yet, and a broker that just starts or stops
    /// closes connections as one that expects another protocol does.
    pub(super) const fn is_certain(self) -> bool {
        matches!(
            self,
            Self::Authentication | Self::Certificate | Self::ClientCertificate
        )
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Unreachable => "host unreachable",
            Self::Unresolved => "unknown host",
            Self::Authentication => "the broker refuses the login",
            Self::Certificate => "the broker's certificate can't be verified",
            Self::ClientCertificate => "the broker wants a client certificate that it trusts",
            Self::Listener => "the broker expects another `security.protocol` at this port",
            Self::Dropped => "the connection is closed before the broker sends anything",
            Self::Closed => "the connection was closed",
            Self::Silent => "no answer",
        }
    }

    pub(super) const fn cure(self) -> &'static str {
        match self {
            Self::Refused | Self::Unreachable | Self::Silent | Self::Closed => {
                "start Kafka, or correct `kafka.brokers`"
            }
            Self::Unresolved => {
                "correct the host's name in `kafka.brokers`, or make it known to DNS"
            }
            Self::Authentication => {
                "correct `sasl.username`, `sasl.password` and `sasl.mechanism` under [kafka.properties]"
            }
            Self::Certificate => {
                "set `ssl.ca.location` under [kafka.properties] to the CA that signed it, and write the broker's host as its certificate does"
            }
            Self::ClientCertificate => {
                "set `ssl.certificate.location` and `ssl.key.location` under [kafka.properties]"
            }
            Self::Dropped => {
                "set `security.protocol` under [kafka.properties] to what the listener has (PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL); or start Kafka, if a proxy answers for it"
            }
            Self::Listener => {
                "set `security.protocol` under [kafka.properties] to what the listener has (PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL), or use another port"
            }
        }
    }
}

/// Splits `[thrd:NAME]: REST` into the broker's name, without protocol and number, and the rest.
pub(super) fn split_line(line: &str) -> (&str, &str) {
    let split = line
        .strip_prefix("[thrd:")
        .and_then(|it| it.split_once("]: "));
    let (name, rest) = split.unwrap_or(("", line));
    let name = name.rsplit("://").next().unwrap_or_default();
    (name.split('/').next().unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_librdkafka_says_is_understood() {
        let table = [
            (
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                Trouble::Refused,
            ),
            (
                "Failed to resolve 'nowhere:9092': Name or service not known (after 3ms in state CONNECT)",
                Trouble::Unresolved,
            ),
            (
                "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 304ms in state AUTH_REQ)",
                Trouble::Authentication,
            ),
            (
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured",
                Trouble::Certificate,
            ),
            (
                "SSL handshake failed: error:0A00010B:SSL routines::wrong version number",
                Trouble::Listener,
            ),
            (
                "Disconnected: requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10",
                Trouble::Listener,
            ),
            (
                "Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication",
                Trouble::Listener,
            ),
            ("Disconnected (after 5003ms in state UP)", Trouble::Closed),
            (
                "Connection setup timed out in state CONNECT (after 30030ms in state CONNECT)",
                Trouble::Silent,
            ),
        ];
        for (line, expect) in table {
            assert_eq!(Trouble::of(line), Some(expect), "{line}");
        }
        let closed = "Disconnected: connection closed by peer: receive 0 after POLLIN (after 66ms in state APIVERSION_QUERY)";
        assert_eq!(Trouble::at_first(closed), Some(Trouble::Dropped));
        assert_eq!(Trouble::of("Group \"g\" heartbeat error response"), None);
    }

    #[test]
    fn a_line_names_its_broker() {
        let (broker, rest) = split_line(
            "[thrd:sasl_ssl://kafka:9092/bootstrap]: kafka:9092/bootstrap: Disconnected",
        );
        assert_eq!(broker, "kafka:9092");
        assert_eq!(rest, "kafka:9092/bootstrap: Disconnected");
        assert_eq!(split_line("no thread"), ("", "no thread"));
    }
}
