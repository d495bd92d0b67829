//! A lease lock for real: a store and three contenders, each a process of its own, talk over UDP on this machine. The
//! worker is killed, and another takes over: `cargo run --release --example loopback`.
//!
//! The processes run the same state machines that the checker proves, from a design whose worst take-over is 2.2 s.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use tenure::{
    design::Resolved,
    host::udp,
    lease::{Event, Lease, Member},
    process::NodeId,
    spec::{Protocol, Setup},
};

const DESIGN: &str = r#"
tenure = 1
protocol = "lease"
[design]
contenders = 3
store = { ttl = "1500ms" }
contender = { lease = "1400ms", renew = "500ms", retry = "500ms", resend = "200ms" }
[network]
delay = "0ms..50ms"
[ledger.one-crash]
crash = 1
"#;

/// Longer than that, and something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((id, peers)) => node(id, peers),
        None => watch(),
    }
}

fn setup() -> Setup<Member> {
    let design = Resolved::from_text("loopback", DESIGN).expect("the design is written above");
    let builder = design.builder("one-crash", &[]).expect("its ledger is too");
    Lease.build(&design.design().expect("it fits its protocol"), builder).expect("it can be built")
}

/// One node: it prints its events until it is killed.
fn node(id: &str, peers: &[String]) -> ExitCode {
    let id = NodeId(id.parse().expect("the parent names a node"));
    let peers: Vec<SocketAddr> = peers.iter().map(|peer| peer.parse().expect("the parent names addresses")).collect();
    let socket = UdpSocket::bind(peers[id.index()]).expect("the parent found a free port");
    let node: udp::Node<Member> = udp::Node::new(id, setup().node(id).config.clone(), socket, peers, 0);
    match node.run(|| false, |event| println!("{event:?}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Starts all nodes, kills the first worker, and waits for the next.
fn watch() -> ExitCode {
    let setup = setup();
    // Bound for a moment to find free ports, and freed for the children.
    let sockets: Vec<UdpSocket> =
        setup.ids().map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port is free")).collect();
    let peers: Vec<String> =
        sockets.iter().map(|socket| socket.local_addr().expect("it is bound").to_string()).collect();
    drop(sockets);
    let (tell, told) = mpsc::channel();
    let mut children: Vec<Child> = setup.ids().map(|id| start(id, &peers, &tell)).collect();
    let began = Instant::now();
    let acquired = || {
        let wanted = format!("{:?}", Event::Acquired);
        std::iter::from_fn(|| told.recv_timeout(PATIENCE).ok()).find(|(_, line)| *line == wanted).map(|(id, _)| id)
    };
    let mut take_over = || {
        let worker = acquired()?;
        println!("{:>6} ms  {} works", began.elapsed().as_millis(), setup.node(worker).name);
        children[worker.index()].kill().ok()?;
        let killed = Instant::now();
        println!("{:>6} ms  {} is killed", began.elapsed().as_millis(), setup.node(worker).name);
        let successor = acquired()?;
        let name = &setup.node(successor).name;
        println!(
            "{:>6} ms  {name} works, {} ms after the kill",
            began.elapsed().as_millis(),
            killed.elapsed().as_millis()
        );
        Some(successor != worker)
    };
    let taken_over = take_over();
    for child in &mut children {
        // Some are dead already.
        let _ = child.kill();
        let _ = child.wait();
    }
    match taken_over {
        Some(true) => ExitCode::SUCCESS,
        Some(false) | None => {
            eprintln!("nobody took over");
            ExitCode::FAILURE
        }
    }
}

/// A child whose lines are told.
fn start(id: NodeId, peers: &[String], tell: &mpsc::Sender<(NodeId, String)>) -> Child {
    let program = std::env::current_exe().expect("this program runs");
    let mut command = Command::new(program);
    let mut child = command.arg(id.0.to_string()).args(peers).stdout(Stdio::piped()).spawn().expect("it starts itself");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let tell = tell.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if tell.send((id, line)).is_err() {
                return;
            }
        }
    });
    child
}
