//! Receivers of notifications that a test can make fail: an HTTP server, and a mail server that speaks SMTP.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{binary::now, broker::pause};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Caught {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: Instant,
    /// What it was answered with.
    pub(crate) status: u16,
}

/// What a request is answered with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    /// With a header and a body.
    With(u16, &'static str, String, String),
    /// Nothing at all.
    Hang,
    /// The connection is closed.
    Cut,
}

type Script = Box<dyn Fn(usize, &Caught) -> Answer + Send + Sync>;

/// An HTTP server; the script answers the request of each number.
pub(crate) struct Catcher {
    pub(crate) address: SocketAddr,
    state: Arc<CatcherState>,
}

struct CatcherState {
    caught: Mutex<Vec<Caught>>,
    script: Script,
}

impl Catcher {
    pub(crate) fn new(script: impl Fn(usize, &Caught) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(usize, &Caught) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(CatcherState {
            caught: Mutex::default(),
            script: Box::new(script),
        });
        let ours = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&ours);
                thread::spawn(move || while shared.answer(&stream).is_some() {});
            }
        });
        Self { address, state }
    }

    pub(crate) fn well() -> Self {
        Self::new(|_, _| Answer::Status(200))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// All requests so far.
    pub(crate) fn all(&self) -> Vec<Caught> {
        self.state.caught.lock().unwrap().clone()
    }

    /// Those that were taken.
    pub(crate) fn taken(&self) -> Vec<Caught> {
        let mut all = self.all();
        all.retain(|it| it.status == 200);
        all
    }

    /// The requests that were taken, once there are so many.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Caught> {
        for _ in 0..900 {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            pause(Duration::from_millis(100));
        }
        panic!("{} of {count} came: {:#?}", self.taken().len(), self.all());
    }
}

impl CatcherState {
    /// Answers one request of a connection; `None` at its end.
    fn answer(&self, stream: &TcpStream) -> Option<()> {
        let mut request = read_request(stream)?;
        let mut caught = self.caught.lock().unwrap();
        let answer = (self.script)(caught.len(), &request);
        let is_cut = matches!(answer, Answer::Cut);
        let (status, header, body) = match answer {
            Answer::Status(status) => (status, String::new(), String::new()),
            Answer::With(status, name, value, body) => {
                (status, format!("{name}: {value}\r\n"), body)
            }
            Answer::Hang | Answer::Cut => (0, String::new(), String::new()),
        };
        request.status = status;
        caught.push(request);
        drop(caught);
        if is_cut {
            return None;
        }
        if status == 0 {
            // Until the other side gives up.
            let mut byte = [0];
            drop((&mut &*stream).read(&mut byte));
            return None;
        }
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{header}\r\n{body}");
        (&mut &*stream).write_all(text.as_bytes()).ok()
    }
}

fn read_request(stream: &TcpStream) -> Option<Caught> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Caught {
        path,
        headers,
        body: String::from_utf8(body).ok()?,
        at: now(),
        status: 0,
    })
}

impl Caught {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }
}

/// A mail server: takes mail, or answers recipients as it is set to.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    mails: Arc<Mutex<Vec<String>>>,
    /// The answer to RCPT.
    answer: Arc<Mutex<&'static str>>,
}

impl MailServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mails: Arc<Mutex<Vec<String>>> = Arc::default();
        let answer = Arc::new(Mutex::new("250 OK"));
        let (ours, answers) = (Arc::clone(&mails), Arc::clone(&answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (taken, codes) = (Arc::clone(&ours), Arc::clone(&answers));
                thread::spawn(move || talk(&stream, &taken, &codes));
            }
        });
        Self {
            address,
            mails,
            answer,
        }
    }

    pub(crate) fn set(&self, answer: &'static str) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }

    pub(crate) fn wait_for(&self, count: usize) -> Vec<String> {
        for _ in 0..600 {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            pause(Duration::from_millis(100));
        }
        panic!("{} of {count} mails came", self.mails().len());
    }
}

fn talk(
    stream: &TcpStream,
    mails: &Mutex<Vec<String>>,
    answer: &Mutex<&'static str>,
) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    let reply = |line: &str| {
        (&mut &*stream)
            .write_all(format!("{line}\r\n").as_bytes())
            .ok()
    };
    reply("220 test ESMTP")?;
    while let Some(Ok(line)) = lines.next() {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => reply("250-test\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "RCPT" => reply(*answer.lock().unwrap())?,
            "DATA" => {
                reply("354 go on")?;
                let mut mail = String::new();
                for text in lines.by_ref().map_while(Result::ok) {
                    if text == "." {
                        break;
                    }
                    mail += &text;
                    mail += "\n";
                }
                mails.lock().unwrap().push(mail);
                reply("250 taken")?;
            }
            "QUIT" => {
                reply("221 bye")?;
                return None;
            }
            _ => reply("250 OK")?,
        }
    }
    None
}
