//! Hosts on UDP sockets: real time, a message a datagram, written as JSON.

use std::{
    io::ErrorKind,
    net::{SocketAddr, UdpSocket},
    time::Instant,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Host, Outlet};
use crate::{
    process::{Input, NodeId, Process},
    time::{Duration, Window},
};

/// One node on a socket. Its durable data lives as long as this value.
pub struct Node<P: Process> {
    id: NodeId,
    config: P::Config,
    socket: UdpSocket,
    /// Of every node, in order.
    peers: Vec<SocketAddr>,
    durable: P::Durable,
    began: Instant,
    life: u32,
}

/// Why a node does not run any more.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Contract(#[from] super::BrokenContract),
    #[error("the socket does not work: {0}")]
    Socket(#[from] std::io::Error),
}

/// No message of a protocol is longer.
const LONGEST: usize = 60_000;

/// A wait without a timer is cut into such pieces, so that a stop is noticed.
const PIECE: std::time::Duration = std::time::Duration::from_millis(20);

impl<P: Process> Node<P>
where
    P::Message: Serialize + DeserializeOwned,
{
    /// `life` is greater than in each life of this node before.
    #[must_use]
    pub fn new(id: NodeId, config: P::Config, socket: UdpSocket, peers: Vec<SocketAddr>, life: u32) -> Node<P> {
        Node { id, config, socket, peers, durable: P::Durable::default(), began: Instant::now(), life }
    }

    /// Runs until the process ends by itself, or `stop` says so. Events are told as they come.
    ///
    /// # Errors
    /// A broken contract, or a socket that does not work.
    pub fn run(mut self, stop: impl Fn() -> bool, mut told: impl FnMut(P::Event)) -> Result<(), Failure> {
        let now = self.now();
        let (id, config, durable) = (self.id, self.config.clone(), self.durable.clone());
        let lives = (self.life, 0);
        let mut host = Host::start(id, config, durable, lives, now, &mut self.outlet(&mut told))?;
        let mut buffer = vec![0; LONGEST];
        while !host.has_ended() && !stop() {
            let now = self.now();
            if host.fire(now, &mut self.outlet(&mut told))?.is_some() {
                continue;
            }
            if let Some((from, message)) = self.receive(host.next_due().map(|due| due - now), &mut buffer)? {
                // What became due while it waited comes first.
                while host.fire(self.now(), &mut self.outlet(&mut told))?.is_some() {}
                let now = self.now();
                host.step(Input::Message { from, message }, now, &mut self.outlet(&mut told))?;
            }
        }
        Ok(())
    }

    /// A message, if one comes soon enough. What is none is dropped, as a network may.
    fn receive(&self, due: Option<i64>, buffer: &mut [u8]) -> Result<Option<(NodeId, P::Message)>, Failure> {
        let due = due.map(|micros| std::time::Duration::from_micros(micros.max(1).unsigned_abs()));
        self.socket.set_read_timeout(Some(due.map_or(PIECE, |due| due.min(PIECE))))?;
        match self.socket.recv_from(buffer) {
            Ok((length, from)) => {
                let peer = self.peers.iter().position(|peer| *peer == from);
                let message = serde_json::from_slice(&buffer[..length]).ok();
                Ok(peer.zip(message).map(|(index, message)| (NodeId(index as u16), message)))
            }
            // Nobody came, or somebody who was sent something is not there.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionRefused | ErrorKind::Interrupted
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).expect("no process runs that long")
    }

    fn outlet<'a, F>(&'a mut self, told: &'a mut F) -> Socket<'a, P, F> {
        Socket { socket: &self.socket, peers: &self.peers, durable: &mut self.durable, told }
    }
}

struct Socket<'a, P: Process, F> {
    socket: &'a UdpSocket,
    peers: &'a [SocketAddr],
    durable: &'a mut P::Durable,
    told: &'a mut F,
}

impl<P: Process, F: FnMut(P::Event)> Outlet<P> for Socket<'_, P, F>
where
    P::Message: Serialize,
{
    fn send(&mut self, to: NodeId, message: P::Message) {
        let text = serde_json::to_vec(&message).expect("a message is plain data");
        // A datagram that cannot be sent is one that is lost.
        let _ = self.socket.send_to(&text, self.peers[to.index()]);
    }

    fn persist(&mut self, durable: &P::Durable) {
        *self.durable = durable.clone();
    }

    fn emit(&mut self, event: P::Event) {
        (self.told)(event);
    }

    /// The earliest: what follows has the most time.
    fn choose(&mut self, after: Window) -> Duration {
        after.lo()
    }
}
