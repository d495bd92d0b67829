//! Threads that make edges before a search asks for them. What they make is what the search would have made itself.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    expand::Cause,
    laws::{Laws, Successor},
    space::{Cap, StateId},
    state::State,
};
use crate::process::{Data, Process};

/// Everything that one cause leads to.
#[derive(Debug)]
pub(super) struct Prepared<P: Process, M: Data> {
    pub(super) cause: Cause,
    pub(super) successors: Result<Vec<Successor<P, M>>, Cap>,
}

/// What is to be made: what all these causes of a state lead to.
#[derive(Debug)]
pub(super) struct Job<P: Process, M: Data> {
    pub(super) number: StateId,
    pub(super) state: Arc<State<P, M>>,
    pub(super) causes: Vec<Cause>,
}

type Jobs<P, M> = Arc<Mutex<VecDeque<Job<P, M>>>>;

/// What was made for a state, or the panic that it led to.
type Done<P, M> = (StateId, Result<Vec<Prepared<P, M>>, Box<dyn Any + Send>>);

/// Work that is done ahead, until this is dropped.
#[derive(Debug)]
pub(super) struct Ahead<P: Process, M: Data> {
    jobs: Jobs<P, M>,
    threads: Vec<JoinHandle<()>>,
    done: Receiver<Done<P, M>>,
    tell: Sender<Done<P, M>>,
    /// What is in `jobs`, or is being made, or waits in `done`.
    pending: FxHashSet<StateId>,
    ready: FxHashMap<StateId, Vec<Prepared<P, M>>>,
}

impl<P: Process, M: Data> Default for Ahead<P, M> {
    fn default() -> Ahead<P, M> {
        let (tell, done) = channel();
        let (pending, ready) = (FxHashSet::default(), FxHashMap::default());
        Ahead { jobs: Jobs::default(), threads: Vec::new(), done, tell, pending, ready }
    }
}

impl<P: Process, M: Data> Ahead<P, M> {
    /// Whether work for a state has begun that nobody has asked for yet.
    pub(super) fn has(&self, state: StateId) -> bool {
        self.pending.contains(&state) || self.ready.contains_key(&state)
    }

    /// Has so many threads do this as well, in this order.
    pub(super) fn begin(&mut self, laws: &Arc<Laws<P, M>>, jobs: Vec<Job<P, M>>, threads: usize) {
        self.pending.extend(jobs.iter().map(|job| job.number));
        lock(&self.jobs).extend(jobs);
        self.threads.retain(|thread| !thread.is_finished());
        for _ in self.threads.len()..threads {
            let (laws, jobs, tell) = (laws.clone(), self.jobs.clone(), self.tell.clone());
            self.threads.push(thread::spawn(move || work(&laws, &jobs, &tell)));
        }
    }

    /// What was made for a state. What no thread has begun is left to the caller; while another is at it, this one does
    /// what comes next.
    pub(super) fn fetch(&mut self, laws: &Laws<P, M>, state: StateId) -> Vec<Prepared<P, M>> {
        if self.pending.contains(&state) {
            let mut jobs = lock(&self.jobs);
            if let Some(index) = jobs.iter().position(|job| job.number == state) {
                jobs.remove(index);
                self.pending.remove(&state);
            }
        }
        while self.pending.contains(&state) {
            let done = match self.done.try_recv() {
                Ok(done) => done,
                Err(_) => match next(&self.jobs) {
                    Some(job) => do_job(laws, &job),
                    None => self.done.recv().expect("this holds a sender itself"),
                },
            };
            let (number, made) = done;
            self.pending.remove(&number);
            self.ready.insert(number, made.unwrap_or_else(|defect| panic::resume_unwind(defect)));
        }
        self.ready.remove(&state).unwrap_or_default()
    }
}

impl<P: Process, M: Data> Drop for Ahead<P, M> {
    fn drop(&mut self) {
        lock(&self.jobs).clear();
        for thread in self.threads.drain(..) {
            thread.join().expect("a thread catches the panics of its work");
        }
    }
}

fn work<P: Process, M: Data>(laws: &Laws<P, M>, jobs: &Jobs<P, M>, tell: &Sender<Done<P, M>>) {
    while let Some(job) = next(jobs) {
        if tell.send(do_job(laws, &job)).is_err() {
            return;
        }
    }
}

fn next<P: Process, M: Data>(jobs: &Jobs<P, M>) -> Option<Job<P, M>> {
    lock(jobs).pop_front()
}

fn do_job<P: Process, M: Data>(laws: &Laws<P, M>, job: &Job<P, M>) -> Done<P, M> {
    let made = panic::catch_unwind(AssertUnwindSafe(|| {
        let fresh = laws.fresh(&job.state);
        let made = |&cause: &Cause| Prepared { cause, successors: laws.successors(&job.state, &fresh, cause) };
        job.causes.iter().map(made).collect()
    }));
    (job.number, made)
}

fn lock<T>(jobs: &Mutex<T>) -> MutexGuard<'_, T> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner)
}
