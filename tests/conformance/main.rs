//! Our stores against what real servers answered.
//!
//! The recordings are of Consul 0.6.4 and 1.10.12 and of etcd 3.4.23. A case is a list of operations; here they are
//! sent to our store as messages, its timers fire in virtual time, and what it answers is compared. It is compared once
//! with all timers as early and once with all as late as their windows allow.
//!
//! Left out of the comparison is what no client here looks at: the words of errors, and of Consul flags, session names
//! and the health checks of sessions.

mod bench;
mod case;
mod consul;
mod etcd2;
mod etcd3;
mod timings;

use tenure::store::consul::Version;

use self::{
    bench::Hurry,
    case::{Case, Exception},
};

#[test]
fn consul_answers_as_0_6_4_did() {
    for hurry in [Hurry::Early, Hurry::Late] {
        case::check(&consul_cases(), CONSUL, |case| {
            case::compare(&case.expected, consul::run(case, Version::V0_6, hurry)?, NOT_LOOKED_AT)
        });
    }
}

#[test]
fn consul_answers_as_1_10_12_did() {
    for hurry in [Hurry::Early, Hurry::Late] {
        case::check(&consul_cases(), CONSUL, |case| {
            let expected = case.variants.get("1.10.12").unwrap_or(&case.expected);
            case::compare(expected, consul::run(case, Version::V1_10, hurry)?, NOT_LOOKED_AT)
        });
    }
}

#[test]
fn etcd_answers_as_recorded() {
    for hurry in [Hurry::Early, Hurry::Late] {
        case::check(&etcd_cases(), ETCD, |case| {
            let answers = if case.api == "v2" { etcd2::run(case, hurry) } else { etcd3::run(case, hurry) };
            case::compare(&case.expected, answers?, &[])
        });
    }
}

#[test]
fn nine_of_ten_cases_are_compared() {
    assert!(CONSUL.len() * 10 <= consul_cases().len());
    assert!(ETCD.len() * 10 <= etcd_cases().len());
}

fn etcd_cases() -> Vec<Case> {
    serde_json::from_str(include_str!("etcd.json")).expect("cases")
}

fn consul_cases() -> Vec<Case> {
    serde_json::from_str(include_str!("consul.json")).expect("cases")
}

const NOT_LOOKED_AT: &[&str] = &["Flags", "Name", "Checks"];

const CONSUL: &[Exception] = &[
    ("kv_recurse_and_keys", "nobody here lists names without values, or deletes below a prefix"),
    ("service_register_deregister", "services and their checks are another protocol's"),
    ("service_ttl_check", "services and their checks are another protocol's"),
    ("session_bound_to_service_check", "services and their checks are another protocol's"),
];

const ETCD: &[Exception] = &[
    ("watch_from_old_revision", "the store keeps no history: a state with all of it would never come again"),
    ("compact_then_old_read", "the store keeps no history: a state with all of it would never come again"),
    ("v2_recursive_watch_and_dir", "nobody here keeps keys in directories"),
];
