//! Two-phase commit as in Gray and Lamport, "Consensus on Transaction Commit": the model whose numbers of states every
//! explicit checker publishes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tenure::{
    untimed::{self, Limits, Stats, Untimed},
    world::space::{Automorphism, Cap, Edge, Marks, Origin, Space, StateId, Variable},
};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Manager {
    Working,
    Prepared,
    Committed,
    Aborted,
}

/// Sent messages are never taken away: they are facts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Transaction {
    managers: Vec<Manager>,
    /// What the coordinator decided, or has not.
    decision: Option<Manager>,
    /// Whose word the coordinator took.
    heard: Vec<bool>,
    /// Who sent that it is prepared.
    said: Vec<bool>,
}

impl Transaction {
    fn next(&self) -> Vec<Transaction> {
        let mut next = Vec::new();
        let open = self.decision.is_none();
        if open && self.heard.iter().all(|heard| *heard) {
            next.push(Transaction { decision: Some(Manager::Committed), ..self.clone() });
        }
        if open {
            next.push(Transaction { decision: Some(Manager::Aborted), ..self.clone() });
        }
        for manager in 0..self.managers.len() {
            if open && self.said[manager] {
                let mut hears = self.clone();
                hears.heard[manager] = true;
                next.push(hears);
            }
            if self.managers[manager] == Manager::Working {
                let mut prepares = self.becomes(manager, Manager::Prepared);
                prepares.said[manager] = true;
                next.push(prepares);
                next.push(self.becomes(manager, Manager::Aborted));
            }
            next.extend(self.decision.map(|decision| self.becomes(manager, decision)));
        }
        next
    }

    fn becomes(&self, manager: usize, what: Manager) -> Transaction {
        let mut changed = self.clone();
        changed.managers[manager] = what;
        changed
    }

    fn is_split(&self) -> bool {
        self.managers.contains(&Manager::Committed) && self.managers.contains(&Manager::Aborted)
    }

    fn is_aborted_everywhere(&self) -> bool {
        self.managers.iter().all(|manager| *manager == Manager::Aborted)
    }
}

/// Everything is the adversary's: no variable, no time.
struct Commit {
    known: Vec<Transaction>,
    ids: HashMap<Transaction, StateId>,
}

impl Commit {
    fn among(managers: usize) -> Commit {
        let first = Transaction {
            managers: vec![Manager::Working; managers],
            decision: None,
            heard: vec![false; managers],
            said: vec![false; managers],
        };
        Commit { known: vec![first.clone()], ids: HashMap::from([(first, 0)]) }
    }

    fn edge_to(&mut self, target: Transaction) -> Edge {
        let violated = if target.is_split() { Marks::VIOLATED } else { Marks::NONE };
        let reached = if target.is_aborted_everywhere() { Marks::REACHED } else { Marks::NONE };
        let target = *self.ids.entry(target).or_insert_with_key(|target| {
            self.known.push(target.clone());
            self.known.len() as StateId - 1
        });
        let marks = violated.with(reached);
        Edge { fires: None, target, origins: [].into(), ordered: [].into(), marks, reads: false, label: 0 }
    }
}

impl Space for Commit {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        (0, [].into())
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        let next = self.known[state as usize].next();
        Ok(next.into_iter().map(|target| self.edge_to(target)).collect())
    }

    fn variables(&self, _: StateId) -> Arc<[Variable]> {
        [].into()
    }

    fn automorphisms(&mut self, _: StateId) -> Arc<[Automorphism]> {
        [].into()
    }

    fn len(&self) -> usize {
        self.known.len()
    }
}

fn check(managers: usize, marks: Marks) -> (Untimed, Stats) {
    let space: untimed::Shared = Arc::new(Mutex::new(Commit::among(managers)));
    untimed::check(&space, marks, Limits::states(1_000_000))
}

#[test]
fn two_phase_commit_has_its_published_numbers_of_states() {
    for (managers, distinct, generated) in [(3, 288, 1_146), (5, 8_832, 58_146), (7, 296_448, 2_744_706)] {
        assert_eq!(check(managers, Marks::VIOLATED), (Untimed::Safe, Stats { distinct, generated }), "{managers}");
    }
}

#[test]
fn every_manager_aborting_by_itself_is_the_shortest_way_to_abort() {
    let (Untimed::Reached(path), _) = check(4, Marks::REACHED) else { panic!("abort can be reached") };
    assert_eq!(path.len(), 4);
}
