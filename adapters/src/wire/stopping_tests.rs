//! A web worker stops while another waits for an answer: it takes nothing along.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use reqwest::Method;
use reqwest::header::HeaderMap;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::address::Address;
use super::http::{CallRules, Caller, Request, below_500};

struct Noon;
impl Clock for Noon {
    fn now(&self) -> Time {
        Time::from_micros(0)
    }
}

/// Who answers at once, but what is `/slow` only when told to.
struct Answerer {
    address: Address,
    /// Whether something slow came on a connection that had been used before.
    came: Receiver<bool>,
    answer: Sender<()>,
}

fn answerer() -> Answerer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let ((tell, came), (answer, told)) = (channel(), channel());
    let told = Arc::new(Mutex::new(told));
    spawn(move || {
        for stream in listener.incoming() {
            let (tell, told) = (tell.clone(), Arc::clone(&told));
            spawn(move || serve(stream.unwrap(), &tell, &told));
        }
    });
    let address = Address::parse(&address, true).unwrap();
    Answerer {
        address,
        came,
        answer,
    }
}

fn serve(mut stream: TcpStream, tell: &Sender<bool>, told: &Mutex<Receiver<()>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut used = false;
    while let Some(Ok(first)) = lines.next() {
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        if first.starts_with("GET /slow") {
            tell.send(used).unwrap();
            told.lock().unwrap().recv().unwrap();
        }
        used = true;
        // Who asked may be gone.
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }
}

fn worker() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn ask(caller: &Caller, address: &Address, what: &str) -> Result<u16, NoAnswer> {
    let request = Request {
        operation: super::operation!("GET /something"),
        method: Method::GET,
        url: address.join(&[what]),
        headers: HeaderMap::new(),
        body: None,
        works: below_500,
    };
    caller.send(request).await.map(|reply| reply.status)
}

/// A worker that has asked something, and serves on until it is told to stop.
fn serving(caller: &Caller, address: &Address) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let ((stop, stopped), (done, asked)) = (oneshot::channel::<()>(), channel());
    let (caller, address) = (caller.clone(), address.clone());
    let thread = spawn(move || {
        worker().block_on(async {
            let answered = ask(&caller, &address, "quick").await;
            done.send(answered).unwrap();
            stopped.await.unwrap();
        });
    });
    assert_eq!(asked.recv().unwrap(), Ok(200));
    (stop, thread)
}

#[test]
fn ec_24_a_worker_that_stops_takes_nobodys_connection_along() {
    let theirs = answerer();
    let home = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let rules = CallRules::within(Duration::from_secs(60));
    // Whether a connection is given back before the next call is a matter of luck: once it was, it is what we look at.
    for _ in 0..200 {
        let caller =
            home.block_on(async { Caller::new("nobody", &theirs.address, rules, Arc::new(Noon)) });
        let caller = caller.unwrap();
        let (stop, first) = serving(&caller, &theirs.address);
        let address = theirs.address.clone();
        let second = spawn(move || worker().block_on(ask(&caller, &address, "slow")));
        let is_shared = theirs.came.recv().unwrap();
        stop.send(()).unwrap();
        first.join().unwrap();
        theirs.answer.send(()).unwrap();
        assert_eq!(second.join().unwrap(), Ok(200));
        if is_shared {
            return;
        }
    }
    panic!("no connection was ever used twice");
}
