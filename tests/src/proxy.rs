//! A TCP proxy that misbehaves on command: it cuts, hangs, delays, half-closes and refuses, and it
//! can lose one reply of a database.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the proxy does with what passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Every chunk waits so long.
    Slow(Duration),
    /// Nothing passes, nothing is closed: a peer that vanished behind a firewall.
    Hung,
    /// As [`Weather::Hung`], on connections whose first bytes to the target contain this.
    HungWhere(&'static str),
    /// The target's side ends in an orderly way; what the client sends still passes.
    HalfClosed,
    /// Every connection is reset, and every new one.
    Cut,
}

/// Which message of PostgreSQL's COMMIT gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The server never gets it.
    Request,
    /// The server did it; its answer is thrown away.
    Reply,
}

/// A unit whose COMMIT is to be struck: the name it showed on the same connection before.
#[derive(Debug, Clone)]
struct Trap {
    /// The name as PostgreSQL's protocol carries a text: its length, then its bytes.
    shown: Vec<u8>,
    lost: Lost,
}

#[derive(Debug)]
struct Shared {
    weather: watch::Sender<Weather>,
    trap: Mutex<Option<Trap>>,
    struck: Mutex<usize>,
}

/// A proxy before one address. Dropping it ends it and every connection through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// COMMIT as a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
const CHUNK: usize = 16 * 1024;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}

impl Proxy {
    /// Listens on a free port of the loopback, before `target` (`host:port`).
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before(target: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            weather: watch::Sender::new(Weather::Fair),
            trap: Mutex::new(None),
            struck: Mutex::new(0),
        });
        let accepting = tokio::spawn(accept(listener, target.to_owned(), Arc::clone(&shared)));
        Self {
            address,
            shared,
            accepting,
        }
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `url` with this proxy instead of the host it names.
    ///
    /// # Panics
    /// When `url` names no host.
    #[must_use]
    pub fn instead_of(&self, url: &str) -> String {
        let host = host_of(url);
        url.replacen(host, &self.address.to_string(), 1)
    }

    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// The next COMMIT of the unit called `unit` gets lost; once.
    ///
    /// # Panics
    /// When the name is longer than any name.
    pub fn lose_commit(&self, unit: &str, lost: Lost) {
        let length = u32::try_from(unit.len()).expect("a short name");
        let mut shown = length.to_be_bytes().to_vec();
        shown.extend(unit.as_bytes());
        *lock(&self.shared.trap) = Some(Trap { shown, lost });
    }

    /// How many COMMITs were struck.
    #[must_use]
    pub fn struck(&self) -> usize {
        *lock(&self.shared.struck)
    }
}

/// `host:port` of a URL.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("a URL");
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = &rest[..end];
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.weather.send_replace(Weather::Cut);
    }
}

async fn accept(listener: TcpListener, target: String, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let (target, shared) = (target.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            if *shared.weather.borrow() == Weather::Cut {
                return reset(client);
            }
            match TcpStream::connect(&target).await {
                Ok(server) => carry(client, server, shared).await,
                Err(_) => reset(client),
            }
        });
    }
}

/// Ends a connection with RST instead of FIN.
fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}

fn reset_both(from: &OwnedReadHalf, to: &OwnedWriteHalf) {
    let _ = from.as_ref().set_zero_linger();
    let _ = to.as_ref().set_zero_linger();
}

/// What one connection has shown so far.
#[derive(Debug, Default)]
struct Seen {
    /// What the client sent first.
    first: Vec<u8>,
    /// The unit of the trap has shown its name; its COMMIT comes next.
    named: bool,
    /// Its COMMIT went through, and the answer is to be lost.
    is_trapped: bool,
}

async fn carry(client: TcpStream, server: TcpStream, shared: Arc<Shared>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (doom, doomed) = watch::channel(false);
    let doom = Arc::new(doom);
    let up = pump(
        client_read,
        server_write,
        Way::Up,
        Arc::clone(&shared),
        Arc::clone(&seen),
        (Arc::clone(&doom), doomed.clone()),
    );
    let down = pump(
        server_read,
        client_write,
        Way::Down,
        shared,
        seen,
        (doom, doomed),
    );
    tokio::join!(up, down);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the client to the target.
    Up,
    Down,
}

enum Event {
    /// So many bytes; none at the end, orderly or not.
    Read(usize),
    Weather(Weather),
}

type Doom = (Arc<watch::Sender<bool>>, watch::Receiver<bool>);

/// Moves bytes one way until the connection ends or is to end.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: Way,
    shared: Arc<Shared>,
    seen: Arc<Mutex<Seen>>,
    (doom, mut doomed): Doom,
) {
    let mut weather = shared.weather.subscribe();
    let mut buffer = vec![0; CHUNK];
    loop {
        let event = tokio::select! {
            read = from.read(&mut buffer) => Event::Read(read.unwrap_or(0)),
            changed = weather.changed() => match changed {
                Ok(()) => Event::Weather(weather.borrow().clone()),
                Err(_) => Event::Weather(Weather::Cut),
            },
            _ = doomed.wait_for(|doomed| *doomed) => return,
        };
        let count = match event {
            Event::Weather(Weather::Cut) => break reset_both(&from, &to),
            // The other way goes on until the client ends it.
            Event::Weather(Weather::HalfClosed) if way == Way::Down => {
                let _ = to.shutdown().await;
                let _ = doomed.wait_for(|doomed| *doomed).await;
                return;
            }
            Event::Weather(_) => continue,
            // This way is over; the other may go on.
            Event::Read(0) => {
                let _ = to.shutdown().await;
                return;
            }
            Event::Read(count) => count,
        };
        let chunk = &buffer[..count];
        let verdict = judge(chunk, way, &shared, &seen);
        if verdict == Verdict::Swallow {
            *lock(&shared.struck) += 1;
            break reset_both(&from, &to);
        }
        tokio::select! {
            may_go = let_pass(&mut weather, &seen) => if !may_go { break reset_both(&from, &to) },
            _ = doomed.wait_for(|doomed| *doomed) => return,
        }
        if to.write_all(chunk).await.is_err() {
            break;
        }
    }
    doom.send_replace(true);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    /// This chunk vanishes, and the connection with it.
    Swallow,
}

fn judge(chunk: &[u8], way: Way, shared: &Shared, seen: &Mutex<Seen>) -> Verdict {
    let mut seen = lock(seen);
    if way == Way::Down {
        // The answer to a COMMIT that was let through to be done.
        return if seen.is_trapped {
            Verdict::Swallow
        } else {
            Verdict::Pass
        };
    }
    let room = CHUNK.saturating_sub(seen.first.len()).min(chunk.len());
    seen.first.extend_from_slice(&chunk[..room]);
    let mut trap = lock(&shared.trap);
    let Some(set) = trap.as_ref() else {
        return Verdict::Pass;
    };
    if contains(chunk, &set.shown) {
        seen.named = true;
    }
    if !seen.named || !contains(chunk, COMMIT) {
        return Verdict::Pass;
    }
    let lost = set.lost;
    *trap = None;
    match lost {
        Lost::Request => Verdict::Swallow,
        Lost::Reply => {
            seen.is_trapped = true;
            Verdict::Pass
        }
    }
}

/// Waits until the weather lets a chunk pass; false when the connection is cut.
async fn let_pass(weather: &mut watch::Receiver<Weather>, seen: &Mutex<Seen>) -> bool {
    loop {
        let now = weather.borrow_and_update().clone();
        let hangs = match now {
            Weather::Fair | Weather::HalfClosed => return true,
            Weather::Cut => return false,
            Weather::Slow(wait) => {
                tokio::time::sleep(wait).await;
                return true;
            }
            Weather::Hung => true,
            Weather::HungWhere(part) => contains(&lock(seen).first, part.as_bytes()),
        };
        if !hangs {
            return true;
        }
        if weather.changed().await.is_err() {
            return false;
        }
    }
}
