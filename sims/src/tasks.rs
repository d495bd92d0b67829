//! What runs on madsim: the supervisor, and a task for each life of a node.

use std::{
    future::poll_fn,
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, mpsc},
    task::{Context, Poll},
    time::Duration as WallDuration,
};

use madsim::{
    Config,
    runtime::{Handle, Runtime},
    task::NodeId as Place,
    time::{TimeHandle, sleep},
};
use tenure::{
    process::{NodeId, Process},
    simulate::{Options, Run},
    spec::Setup,
    trace::Step,
};

use crate::stage::{Command, Next, Stage};

/// How the host is wrong: planted by tests, which must catch it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Defect {
    #[default]
    None,
    /// A node's clock runs at half speed: every timer is twice as late.
    LateTimers,
    /// A killed process goes on.
    Undead,
    /// What was sent to a process on a stream reaches its next life.
    Leftovers,
    /// A message overtakes a timer that is due.
    MessagesFirst,
}

/// Runs the processes of a seed. What the run shows is read from its steps, which are kept if the options say so.
#[must_use]
pub fn run<P: Process>(setup: &Arc<Setup<P>>, seed: u64, options: &Options) -> Run {
    kept(Stage::new(setup.clone(), seed, options.clone(), Defect::None), seed).0
}

/// The same with a defect, and with what the processes emitted, in words.
#[must_use]
pub fn run_with<P: Process>(setup: &Arc<Setup<P>>, seed: u64, options: &Options, defect: Defect) -> (Run, Vec<String>) {
    let mut stage = Stage::new(setup.clone(), seed, options.clone(), defect);
    stage.emitted = Some(Vec::new());
    kept(stage, seed)
}

fn kept<P: Process>(stage: Stage<P>, seed: u64) -> (Run, Vec<String>) {
    let mut steps = Vec::new();
    let (run, emitted) = if stage.options.record {
        play(stage, seed, Some(&mut |step| steps.push(step)))
    } else {
        play(stage, seed, None)
    };
    (Run { steps, ..run }, emitted)
}

/// Runs the processes of a seed, and tells each step while the run goes on: none is kept.
///
/// # Panics
/// If a process does.
pub fn run_told<P: Process>(setup: &Arc<Setup<P>>, seed: u64, options: &Options, mut told: impl FnMut(Step)) -> Run {
    play(Stage::new(setup.clone(), seed, options.clone(), Defect::None), seed, Some(&mut told)).0
}

fn play<P: Process>(mut stage: Stage<P>, seed: u64, told: Option<&mut dyn FnMut(Step)>) -> (Run, Vec<String>) {
    let (tell, steps) = mpsc::sync_channel(4);
    if told.is_some() {
        stage.tell_each_step_to(tell);
    }
    // madsim keeps state in the thread: each seed has a fresh one.
    let thread = std::thread::Builder::new().name(format!("seed {seed}"));
    let thread = thread.spawn(move || {
        let runtime = Runtime::with_seed_and_config(seed, Config::default());
        runtime.block_on(supervise(stage))
    });
    let thread = thread.expect("a thread can be started");
    if let Some(told) = told {
        steps.iter().flatten().for_each(told);
    }
    let (run, emitted) = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
    (Run { seed, ..run }, emitted)
}

type Shared<P> = Arc<Mutex<Stage<P>>>;

async fn supervise<P: Process>(stage: Stage<P>) -> (Run, Vec<String>) {
    let handle = Handle::current();
    let places: Vec<Place> =
        stage.setup.nodes.iter().map(|node| handle.create_node().name(&node.name).build().id()).collect();
    let stage = Arc::new(Mutex::new(stage));
    let mut alarm = Alarm::new();
    poll_fn(|context| {
        loop {
            let (commands, next) = {
                let mut stage = lock(&stage);
                let next = stage.supervise(alarm.now(), context.waker());
                (stage.commands(), next)
            };
            for command in commands {
                obey(&handle, &places, &stage, command);
            }
            match next {
                Next::Ended => return Poll::Ready(()),
                Next::At(at) if alarm.is_set(at, context) => return Poll::Pending,
                Next::At(_) => {}
            }
        }
    })
    .await;
    // madsim keeps what is still pending for ever.
    places.iter().for_each(|place| handle.kill(*place));
    sleep(WallDuration::from_millis(2)).await;
    let stage = Arc::into_inner(stage).expect("every task is gone");
    stage.into_inner().unwrap_or_else(PoisonError::into_inner).into_run()
}

fn obey<P: Process>(handle: &Handle, places: &[Place], stage: &Shared<P>, command: Command) {
    match command {
        Command::Start(node) => {
            let place = places[node.index()];
            // Whatever is left of an earlier life goes; handles from before a restart are stale.
            handle.restart(place);
            handle.get_node(place).expect("it was created").spawn(live(stage.clone(), node));
        }
        Command::Kill(node) => handle.kill(places[node.index()]),
        Command::Pause(node) => handle.pause(places[node.index()]),
        Command::Resume(node) => handle.resume(places[node.index()]),
    }
}

/// One life of a node.
async fn live<P: Process>(stage: Shared<P>, node: NodeId) {
    let mut alarm = Alarm::new();
    poll_fn(|context| {
        loop {
            let next = lock(&stage).turn(node, alarm.now(), context.waker());
            match next {
                Next::Ended => return Poll::Ready(()),
                Next::At(at) if alarm.is_set(at, context) => return Poll::Pending,
                Next::At(_) => {}
            }
        }
    })
    .await;
}

fn lock<P: Process>(stage: &Shared<P>) -> std::sync::MutexGuard<'_, Stage<P>> {
    // A process that panicked ends the run anyway.
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one task at moments of the run.
struct Alarm {
    time: TimeHandle,
    /// The earliest moment at which it rings; past or `i64::MAX` if at none.
    rings: i64,
}

/// Of madsim's clock, for a microsecond of the run.
const MILLIS: u64 = 1;

impl Alarm {
    fn new() -> Alarm {
        Alarm { time: TimeHandle::current(), rings: i64::MAX }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.time.elapsed().as_millis() / u128::from(MILLIS)).expect("no run lasts so long")
    }

    /// Whether the task will be woken by that moment; not if the moment has come. An alarm that rings too early stays:
    /// the task looks again then.
    fn is_set(&mut self, at: i64, context: &mut Context<'_>) -> bool {
        let now = self.now();
        if at <= now {
            return false;
        }
        if at == i64::MAX || (self.rings > now && self.rings <= at) {
            return true;
        }
        self.rings = at;
        let moment = WallDuration::from_millis(at.cast_unsigned() * MILLIS);
        let mut sleep = self.time.sleep(moment.saturating_sub(self.time.elapsed()));
        Pin::new(&mut sleep).poll(context).is_pending()
    }
}
