//! A [`Space`] as the searches see it: what they ask for again and again is kept, and zones take steps.

use std::sync::Arc;

use super::zone::{Moment, Reading, Rows, Zone, row_of};
use crate::world::space::{Automorphism, Cap, Causes, Edge, PathStep, Space, StateId};

/// A space with its zones' steps.
pub struct Net<'a> {
    space: &'a mut dyn Space,
    symmetry: bool,
    known: Vec<Known>,
    moment: Moment,
}

/// What is asked of a state again and again.
#[derive(Clone, Default)]
pub struct Known {
    rows: Option<Arc<Rows>>,
    edges: Option<Arc<[Edge]>>,
    automorphisms: Option<Arc<[Automorphism]>>,
}

/// What a step of a zone reads and where it leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Landing {
    /// What the source's stopwatch shows at the step.
    pub reading: Option<Reading>,
    /// The target's stopwatch has surely run for the cap.
    pub past: bool,
    /// The renaming of the target that was applied to its zone.
    pub automorphism: Option<u16>,
}

impl<'a> Net<'a> {
    /// A net of which something is known from an earlier one.
    pub fn with(space: &'a mut dyn Space, symmetry: bool, known: Vec<Known>) -> Net<'a> {
        Net { space, symmetry, known, moment: Moment::default() }
    }

    pub fn into_known(self) -> Vec<Known> {
        self.known
    }

    /// The first state and its zone.
    pub fn start(&mut self, cap: i64) -> (StateId, Zone, Landing) {
        let (state, origins) = self.space.initial();
        let mut zone = Zone::start(&origins);
        let (past, automorphism) = self.settle(state, &mut zone, cap);
        (state, zone, Landing { reading: None, past, automorphism })
    }

    /// The zone of the first state as it is.
    pub fn beginning(&mut self) -> Zone {
        Zone::start(&self.space.initial().1)
    }

    pub fn initial(&mut self) -> (StateId, Arc<[crate::world::space::Origin]>) {
        self.space.initial()
    }

    pub fn states(&self) -> usize {
        self.space.len()
    }

    pub fn rows(&mut self, state: StateId) -> Arc<Rows> {
        if let Some(rows) = &self.known(state).rows {
            return rows.clone();
        }
        let rows = Arc::new(Rows::of(&self.space.variables(state)));
        self.known(state).rows = Some(rows.clone());
        rows
    }

    /// # Errors
    /// When a declared cap was reached.
    pub fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        if let Some(edges) = &self.known(state).edges {
            return Ok(edges.clone());
        }
        let edges = self.space.edges(state)?;
        self.known(state).edges = Some(edges.clone());
        Ok(edges)
    }

    /// The edges that a zone may take, and perhaps others.
    ///
    /// # Errors
    /// When a declared cap was reached.
    pub fn edges_from(&mut self, state: StateId, zone: &Zone, rows: &Rows) -> Result<Arc<[Edge]>, Cap> {
        let edges = self.space.edges_by(state, causes_of(zone, rows))?;
        self.known(state).edges = Some(edges.clone());
        Ok(edges)
    }

    /// Makes ready what [`Net::edges_from`] is about to be asked, with that much help.
    pub fn prepare<'z>(&mut self, asked: impl Iterator<Item = (StateId, &'z Zone)>, helpers: usize) {
        let asked: Vec<_> = asked.map(|(state, zone)| (state, causes_of(zone, &self.rows(state)))).collect();
        self.space.prepare(&asked, helpers);
    }

    pub fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]> {
        if let Some(automorphisms) = &self.known(state).automorphisms {
            return automorphisms.clone();
        }
        let automorphisms = if self.symmetry { self.space.automorphisms(state) } else { Arc::new([]) };
        self.known(state).automorphisms = Some(automorphisms.clone());
        automorphisms
    }

    /// Takes an edge from a zone. `None` if no moment allows it. The zone after it is saturated at `cap` and, among
    /// its images under the target's automorphisms, the least.
    pub fn step(&mut self, from: &Zone, rows: &Rows, edge: &Edge, cap: i64, after: &mut Zone) -> Option<Landing> {
        let reading = self.raw_step(from, rows, edge, after)?;
        let (past, automorphism) = self.settle(edge.target, after, cap);
        Some(Landing { reading, past, automorphism })
    }

    /// Takes an edge from a zone as it is. `None` if no moment allows it.
    #[expect(clippy::option_option, reason = "no step, a step without a stopwatch, a step with one")]
    pub fn raw_step(&mut self, from: &Zone, rows: &Rows, edge: &Edge, after: &mut Zone) -> Option<Option<Reading>> {
        let feasible = from.fire(rows, edge.fires.map(row_of), &mut self.moment);
        if !feasible {
            return None;
        }
        let reading = rows.stopwatch.map(|stopwatch| from.reading(stopwatch, &self.moment));
        from.carry(&self.moment, &edge.origins, after);
        edge.ordered.iter().all(|&(first, second)| after.restrict(row_of(first), row_of(second), 0)).then_some(reading)
    }

    /// Follows a path's step, automorphism first, from a zone as it is.
    ///
    /// # Errors
    /// When a declared cap was reached.
    pub fn follow(&mut self, state: StateId, zone: &Zone, step: PathStep) -> Result<Option<Followed>, Cap> {
        let renamed = self.rename(state, zone, step.automorphism);
        let (rows, edges) = (self.rows(state), self.edges(state)?);
        let edge = &edges[step.edge as usize];
        let mut after = Zone::default();
        let reading = self.raw_step(&renamed, &rows, edge, &mut after);
        Ok(reading.map(|reading| Followed { state: edge.target, zone: after, reading }))
    }

    pub fn rename(&mut self, state: StateId, zone: &Zone, automorphism: Option<u16>) -> Zone {
        match automorphism {
            None => zone.clone(),
            Some(index) => zone.renamed(&self.automorphisms(state)[usize::from(index)].variables),
        }
    }

    fn settle(&mut self, state: StateId, zone: &mut Zone, cap: i64) -> (bool, Option<u16>) {
        let past = zone.saturate(&self.rows(state), cap);
        let automorphisms = self.automorphisms(state);
        let mut least: Option<usize> = None;
        for (index, automorphism) in automorphisms.iter().enumerate() {
            let best = least.map(|index| &*automorphisms[index].variables);
            if zone.compare_renamed(&automorphism.variables, best).is_lt() {
                least = Some(index);
            }
        }
        if let Some(index) = least {
            *zone = zone.renamed(&automorphisms[index].variables);
        }
        (past, least.map(|index| index as u16))
    }

    fn known(&mut self, state: StateId) -> &mut Known {
        let index = state as usize;
        if index >= self.known.len() {
            self.known.resize(index + 1, Known::default());
        }
        &mut self.known[index]
    }
}

/// What can cause a step of a zone.
fn causes_of(zone: &Zone, rows: &Rows) -> Causes {
    let may_fire = rows.events.iter().filter(|&&row| zone.may_fire(rows, row));
    may_fire.fold(Causes::ADVERSARY, |causes, &row| causes.with(Causes::variable(row as u16 - 1)))
}

/// Where a path's step leads.
pub struct Followed {
    pub state: StateId,
    pub zone: Zone,
    pub reading: Option<Reading>,
}
