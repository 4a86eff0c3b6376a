//! What a hostile or broken client can do to a running listener: heads and bodies that never end, bodies of a
//! gigabyte, JSON that nests, connections that only stay. Others are served as before, and the gateway needs at
//! most twice the memory it has at rest. `DRILL_CONNECTIONS` (make test-long: 10000) says how many at once.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::StatusCode;

use crate::{Body, run};

const ONE: &[Engine] = &[Engine::Sqlite];
/// A head is waited for so long, and a request with its body.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
const REQUEST_TIME_MAX: Duration = Duration::from_secs(12);
/// What a loaded machine may add.
const SLACK: Duration = Duration::from_secs(6);
/// Others are answered within this while it lasts: on a busy machine too, and before any of the held ones is let go.
pub(crate) const OTHERS_TIME_MAX: Duration = Duration::from_secs(4);

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "ec_14_heads_that_never_end_are_let_go_and_others_are_served",
            ONE,
            slow_heads,
        ),
        (
            "ec_14_bodies_that_never_end_are_let_go_and_others_are_served",
            ONE,
            slow_bodies,
        ),
        ("ec_14_a_gigabyte_is_refused_and_never_held", ONE, gigabyte),
        (
            "ec_14_a_refused_body_in_chunks_comes_to_an_end",
            ONE,
            chunks_without_end,
        ),
        ("ec_14_connections_that_only_stay_cost_little", ONE, idle),
    ]
}

/// How many there are at once: fewer where a process may not have so many files, unless `DRILL_CONNECTIONS` demands them.
pub(crate) fn connections() -> usize {
    let most = files_max().saturating_sub(FILES_BESIDE);
    if let Ok(demanded) = std::env::var("DRILL_CONNECTIONS") {
        let demanded: usize = demanded.parse().expect("a number of connections");
        assert!(
            demanded <= most,
            "{demanded} connections are demanded, and a process here has no more than {most} files"
        );
        return demanded;
    }
    let usual = 300;
    if usual > most {
        println!(
            "SKIPPED: {usual} connections, because a process here has no more than {most} files; {most} instead"
        );
    }
    usual.min(most)
}

/// What a process has open beside its connections.
const FILES_BESIDE: usize = 500;

/// How many files a process may have open here; the gateway is given the same.
fn files_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("the limits");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("a line for it");
    let soft = line.split_whitespace().nth(3).expect("the limit in force");
    soft.parse().unwrap_or(usize::MAX)
}

/// What a process holds, by that line of its status.
pub(crate) fn memory_kib(pid: u32, line: &str) -> u64 {
    let file = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(file).expect("a process's memory");
    let line = text.lines().find_map(|one| one.strip_prefix(line));
    let digits = line.expect("a line for it").trim().trim_end_matches(" kB");
    digits.parse().expect("a number")
}

/// A demo with one household in it, at rest.
struct Drill {
    demo: Demo,
    phone: Phone,
    at_rest_kib: u64,
}

impl Drill {
    async fn begin() -> Self {
        let plenty = [
            ("LIFELINE__LIMITS__PER_ADDRESS_MINUTE", "1000000"),
            ("LIFELINE__LIMITS__PER_ACCOUNT_MINUTE", "1000000"),
        ];
        let demo = Demo::start_with(Engine::Sqlite, &plenty).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let drill = Self {
            at_rest_kib: 0,
            demo,
            phone,
        };
        for _ in 0..50 {
            drill.others_are_served().await;
        }
        let at_rest_kib = drill.memory_kib();
        Self {
            at_rest_kib,
            ..drill
        }
    }

    fn memory_kib(&self) -> u64 {
        memory_kib(self.demo.pid(), "VmRSS:")
    }

    fn connect(&self) -> TcpStream {
        let address = self.demo.address("line");
        let host = address
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let stream = TcpStream::connect(host).expect("a connection");
        let most = Some(REQUEST_TIME_MAX + SLACK);
        stream.set_read_timeout(most).expect("a limit");
        stream.set_write_timeout(Some(SLACK)).expect("a limit");
        stream
    }

    fn many(&self, said: &str) -> Vec<TcpStream> {
        let all = (0..connections()).map(|_| {
            let mut stream = self.connect();
            stream.write_all(said.as_bytes()).expect("said");
            stream
        });
        all.collect()
    }

    async fn others_are_served(&self) {
        let began = Instant::now();
        let answer = self.phone.get("/v1/me").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let taken = began.elapsed();
        assert!(
            taken < OTHERS_TIME_MAX,
            "others waited {} ms",
            taken.as_millis()
        );
    }

    fn needs_little(&self, what: &str) {
        let now = self.memory_kib();
        println!("{what}: {} KiB at rest, {now} KiB now", self.at_rest_kib);
        assert!(
            now <= self.at_rest_kib * 2,
            "{what}: {} KiB became {now}",
            self.at_rest_kib
        );
    }
}

/// What came back before the other side closed.
fn rest(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let ended = stream.read_to_end(&mut said);
    let cut = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    assert!(
        ended.as_ref().map_or_else(cut, |_| true),
        "still open after its time: {ended:?}"
    );
    String::from_utf8_lossy(&said).into_owned()
}

/// The status of an answer that comes within the time of a request; `cut` when the connection ended instead.
fn status(mut stream: TcpStream) -> String {
    let mut first = [0_u8; 12];
    match stream.read_exact(&mut first) {
        Ok(()) => String::from_utf8_lossy(&first).chars().skip(9).collect(),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("held longer than a request may take")
        }
        Err(_) => "cut".to_owned(),
    }
}

/// Whether that is said before the other side closes.
fn hears(stream: &mut TcpStream, word: &str) -> bool {
    let (mut said, mut piece) = (Vec::new(), [0_u8; 4096]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return false,
            Ok(came) => said.extend_from_slice(&piece[..came]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("neither answered nor closed")
            }
            Err(_) => return false,
        }
        if String::from_utf8_lossy(&said).contains(word) {
            return true;
        }
    }
}

fn slow_heads(_: Engine) -> Result<(), Failed> {
    run(async move {
        let drill = Drill::begin().await;
        let began = Instant::now();
        let mut held = drill.many("GET /v1/me HTTP/1.1\r\nhost: line\r\nx-");
        for _ in 0..10 {
            drill.others_are_served().await;
            for stream in &mut held {
                // A byte now and then; who was let go may refuse it.
                let _ = stream.write_all(b"a");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drill.needs_little("slow heads");
        let last = held.pop().expect("one of them");
        let said = rest(last);
        let taken = began.elapsed();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 408"),
            "{said}"
        );
        assert!(
            taken < HEAD_TIME_MAX + SLACK,
            "held for {} ms",
            taken.as_millis()
        );
        drill.others_are_served().await;
    })
}

fn slow_bodies(_: Engine) -> Result<(), Failed> {
    run(async move {
        let drill = Drill::begin().await;
        let began = Instant::now();
        let token = drill.phone.token().expect("a token").to_owned();
        let head = format!(
            "POST /v1/requests HTTP/1.1\r\nhost: line\r\nauthorization: Bearer {token}\r\n\
             idempotency-key: the-slow-bodies-drill\r\ncontent-type: application/json\r\n\
             content-length: 1000\r\n\r\n{{"
        );
        // More of one account than may be under way at once: the others are refused at the head.
        let held: Vec<TcpStream> = (0..80)
            .map(|_| {
                let mut stream = drill.connect();
                stream.write_all(head.as_bytes()).expect("said");
                stream
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let other = Phone::sign_in(&drill.demo, "wang-fang").await;
        let mut served = 0;
        while began.elapsed() < Duration::from_secs(3) || served <= 10 {
            let asked = Instant::now();
            assert_eq!(other.get("/v1/me").await.status, StatusCode::OK);
            assert!(asked.elapsed() < OTHERS_TIME_MAX, "another account waited");
            served += 1;
        }
        drill.needs_little("slow bodies");
        let statuses: Vec<String> = held.into_iter().map(status).collect();
        let of = |code: &str| statuses.iter().filter(|one| *one == code).count();
        assert!(of("429") >= 80 - 64, "{statuses:?}");
        assert_eq!(of("200") + of("201"), 0, "{statuses:?}");
        assert!(of("429") < 80, "none was let in: {statuses:?}");
        let taken = began.elapsed();
        assert!(
            taken < REQUEST_TIME_MAX + SLACK,
            "held for {} ms",
            taken.as_millis()
        );
        drill.others_are_served().await;
    })
}

/// A gigabyte that is announced, and one that just comes: both are refused, and what comes all the same is
/// thrown away, never held. And what nests as deep as its size allows.
fn gigabyte(_: Engine) -> Result<(), Failed> {
    run(async move {
        let drill = Drill::begin().await;
        let token = drill.phone.token().expect("a token").to_owned();
        let head = |how: &str| {
            format!(
                "POST /v1/requests HTTP/1.1\r\nhost: line\r\nauthorization: Bearer {token}\r\n\
                 idempotency-key: the-gigabyte-drill\r\ncontent-type: application/json\r\n{how}\r\n\r\n"
            )
        };
        for how in ["content-length: 1073741824", "transfer-encoding: chunked"] {
            let mut stream = drill.connect();
            stream.write_all(head(how).as_bytes()).expect("said");
            let piece = vec![b'['; 65_536];
            let framed = [b"10000\r\n", &piece[..], b"\r\n"].concat();
            let (mut sent, began) = (0_u64, Instant::now());
            loop {
                let next = if how.starts_with("content") {
                    &piece
                } else {
                    &framed
                };
                if sent >= 1 << 30 || stream.write_all(next).is_err() {
                    break;
                }
                sent += 65_536;
            }
            let said = status(stream);
            println!(
                "{how}: {said}, {sent} bytes sent in {} ms",
                began.elapsed().as_millis()
            );
            assert!(["413", "cut"].contains(&&*said), "{how}: {said}");
            drill.others_are_served().await;
            drill.needs_little(how);
        }
        let bombs = [
            "[".repeat(16_000),
            "{\"a\":".repeat(3_000),
            format!("[{}0]", "0,".repeat(8_000)),
        ];
        for bomb in bombs {
            let kind = [("content-type", "application/json")];
            let sent = drill
                .phone
                .raw(
                    reqwest::Method::POST,
                    "/v1/requests",
                    Some(bomb.into_bytes()),
                    &kind,
                )
                .await;
            assert!(sent.status.is_client_error(), "{}", sent.text);
        }
        drill.needs_little("bombs");
    })
}

/// So much of a refused body is read on, and the connection goes on (`gateway/src/listeners/unread.rs`).
const READ_ON_BYTES_MAX: usize = 65_536;

/// Who is not signed in sends a body in chunks: a little of it is read on, of more the connection is cut, also
/// when no end of it ever comes, and others are served meanwhile.
fn chunks_without_end(_: Engine) -> Result<(), Failed> {
    run(async move {
        let drill = Drill::begin().await;
        let head = "POST /v1/requests HTTP/1.1\r\nhost: line\r\nidempotency-key: the-chunks-drill\r\n\
                    content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "[".repeat(bytes));
        let asked = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: line\r\n\r\n";
        for (bytes, goes_on) in [(READ_ON_BYTES_MAX, true), (READ_ON_BYTES_MAX + 1, false)] {
            let mut stream = drill.connect();
            let said = format!("{head}{}0\r\n\r\n", chunk(bytes));
            stream.write_all(said.as_bytes()).expect("said");
            assert!(hears(&mut stream, "HTTP/1.1 401"), "{bytes}: no answer");
            // Who was cut may not even be able to ask.
            let _ = stream.write_all(asked.as_bytes());
            assert_eq!(hears(&mut stream, "HTTP/1.1 200"), goes_on, "{bytes}");
        }
        let mut held: Vec<TcpStream> = (0..20)
            .map(|_| {
                let mut stream = drill.connect();
                stream.write_all(head.as_bytes()).expect("said");
                stream
            })
            .collect();
        let (began, piece) = (Instant::now(), chunk(READ_ON_BYTES_MAX));
        let mut sent = 0;
        while !held.is_empty() {
            held.retain_mut(|stream| stream.write_all(piece.as_bytes()).is_ok());
            sent += held.len() * piece.len();
            drill.others_are_served().await;
            let taken = began.elapsed();
            assert!(taken < SLACK, "still taken after {} ms", taken.as_millis());
        }
        let taken = began.elapsed();
        println!("{sent} bytes taken in {} ms", taken.as_millis());
        drill.needs_little("chunks without an end");
    })
}

fn idle(_: Engine) -> Result<(), Failed> {
    run(async move {
        let drill = Drill::begin().await;
        let asked = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: line\r\n\r\n";
        let mut held = drill.many(asked);
        for stream in &mut held {
            let mut first = [0_u8; 12];
            stream.read_exact(&mut first).expect("an answer");
            assert_eq!(&first, b"HTTP/1.1 200");
        }
        for _ in 0..20 {
            drill.others_are_served().await;
        }
        drill.needs_little(&format!("{} connections that stay", held.len()));
    })
}
