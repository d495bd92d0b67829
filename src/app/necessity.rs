//! What a violation needs: the fewest faults, and the shortest ones.
//!
//! More faults and wider windows only add runs, so the budgets that fail are closed upward: they are told by their
//! least elements. A fault is needed if without it the answer is another one. Who answers is the caller's affair: a
//! checker proves it, a simulation says what its seeds showed.

use crate::{
    spec::Class,
    time::{Duration, Window},
};

/// Whether a ledger violates a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Fails,
    Safe,
    Unknown,
}

/// At so many combinations of budgets one looks; more are too many for people too.
const MOST: usize = 128;

/// Spans are told to the millisecond.
const STEP: i64 = 1_000;

/// What a violation under these fault classes needs, a sentence each. `safe` says what it means if one does not fail.
pub(super) fn necessity(classes: &[Class], safe: &str, mut ask: impl FnMut(&[Class]) -> Answer) -> Vec<String> {
    let budgets: Vec<u8> = classes.iter().map(|class| class.tokens.at_most).collect();
    let names: Vec<&str> = classes.iter().map(|class| class.key.as_str()).collect();
    let Some(vectors) = below(&budgets) else {
        return vec!["which of these faults it needs was not looked for: there are too many".into()];
    };
    let (minimal, open) = least_failing(&vectors, |vector| ask(&with_budgets(classes, vector)));
    let mut lines: Vec<String> = minimal.iter().map(|vector| needs(&names, vector, safe)).collect();
    if !open.is_empty() {
        let combinations: Vec<String> = open.iter().take(3).map(|vector| list(&names, vector)).collect();
        lines.push(format!("not known of {}", combinations.join("; of ")));
    }
    for (fault, name) in names.iter().enumerate().filter(|(fault, _)| budgets[*fault] > 0) {
        if !minimal.is_empty() && minimal.iter().all(|vector| vector[fault] == 0) {
            lines.push(format!("does not need any {name}"));
        }
    }
    for vector in &minimal {
        let least = with_budgets(classes, vector);
        let with = if minimal.len() > 1 { format!(" (of {})", list(&names, vector)) } else { String::new() };
        for fault in (0..names.len()).filter(|fault| vector[*fault] > 0) {
            let told = threshold(&least, fault, &mut ask);
            lines.extend(told.map(|told| format!("{}{with}: {told}", names[fault])));
        }
    }
    lines
}

/// All vectors up to the given one, the fewest faults first; `None` if they are too many.
fn below(budgets: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = vec![Vec::new()];
    for budget in budgets {
        all = all
            .into_iter()
            .flat_map(|vector: Vec<u8>| (0..=*budget).map(move |count| [&vector[..], &[count]].concat()))
            .collect();
        if all.len() > MOST {
            return None;
        }
    }
    all.sort_by_key(|vector| vector.iter().map(|count| u32::from(*count)).sum::<u32>());
    Some(all)
}

/// The least vectors that fail, and those below none of them of which nothing is known.
fn least_failing(vectors: &[Vec<u8>], mut ask: impl FnMut(&[u8]) -> Answer) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut minimal, mut open): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    for vector in vectors {
        let above = |least: &Vec<u8>| least.iter().zip(vector).all(|(least, count)| least <= count);
        if minimal.iter().any(above) {
            continue;
        }
        match ask(vector) {
            Answer::Fails => minimal.push(vector.clone()),
            Answer::Safe => {}
            Answer::Unknown => open.push(vector.clone()),
        }
    }
    (minimal, open)
}

fn with_budgets(classes: &[Class], vector: &[u8]) -> Vec<Class> {
    let mut classes = classes.to_vec();
    for (class, count) in classes.iter_mut().zip(vector) {
        class.tokens.at_most = *count;
    }
    classes
}

fn needs(names: &[&str], vector: &[u8], safe: &str) -> String {
    if vector.iter().all(|count| *count == 0) {
        return "needs no fault".into();
    }
    format!("needs {}; with one fewer of any: {safe}", list(names, vector))
}

/// `1 crash and 2 loss`
fn list(names: &[&str], vector: &[u8]) -> String {
    let named = names.iter().zip(vector).filter(|(_, count)| **count > 0);
    let named: Vec<String> = named.map(|(name, count)| format!("{count} {name}")).collect();
    if named.is_empty() { "no fault".into() } else { named.join(" and ") }
}

/// From which span on a fault does harm, by bisection.
fn threshold(classes: &[Class], fault: usize, ask: &mut impl FnMut(&[Class]) -> Answer) -> Option<String> {
    let window = classes[fault].span?;
    let up_to = |micros| {
        let mut classes = classes.to_vec();
        classes[fault].span = Some(Window::new(window.lo(), Duration::from_micros(micros)));
        classes
    };
    if window.hi().is_never() || window.lo() == window.hi() {
        return None;
    }
    let (mut harmless, mut harmful) = (window.lo().micros(), window.hi().micros());
    match ask(&up_to(harmless)) {
        Answer::Fails => return Some(format!("however short it is, from {} on", window.lo())),
        Answer::Unknown => return None,
        Answer::Safe => {}
    }
    while harmful - harmless > STEP {
        let between = (harmless + (harmful - harmless) / 2) / STEP * STEP;
        let between = if between <= harmless { harmless + STEP } else { between };
        if between >= harmful {
            break;
        }
        match ask(&up_to(between)) {
            Answer::Fails => harmful = between,
            Answer::Safe => harmless = between,
            Answer::Unknown => return None,
        }
    }
    let (harmless, harmful) = (Duration::from_micros(harmless), Duration::from_micros(harmful));
    Some(format!("up to {harmless} it does no harm, up to {harmful} it does"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least(budgets: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let ask = |vector: &[u8]| if fails(vector) { Answer::Fails } else { Answer::Safe };
        least_failing(&below(budgets).expect("they are few"), ask).0
    }

    #[test]
    fn every_least_combination_is_found_and_no_other() {
        assert_eq!(least(&[2, 2], |v| v[0] >= 1 && v[1] >= 1 || v[0] == 2), [vec![1, 1], vec![2, 0]]);
        assert_eq!(least(&[1, 1], |_| true), [vec![0, 0]]);
        assert_eq!(least(&[1], |_| false), [[0_u8; 0]; 0]);
    }

    #[test]
    fn what_is_not_known_is_told_unless_less_fails() {
        let ask = |vector: &[u8]| match vector {
            [0, 1] => Answer::Unknown,
            [1, 0] => Answer::Fails,
            _ => Answer::Safe,
        };
        let (minimal, open) = least_failing(&below(&[1, 1]).expect("they are few"), ask);
        assert_eq!((minimal, open), (vec![vec![1, 0]], vec![vec![0, 1]]));
    }

    #[test]
    fn too_many_combinations_are_not_tried() {
        assert!(below(&[200]).is_none());
        assert_eq!(below(&[1, 2]).expect("they are few").len(), 6);
    }
}
