//! Maps and tuning, against formulas.

use std::{collections::BTreeMap, fs};

use support::{folder::Folder, schema};

mod support {
    pub mod folder;
    pub mod schema;
}

const DESIGN: &str = include_str!("../models/lease/recommended.toml");

fn folder(name: &str) -> Folder {
    Folder::new(name, &[("lease.toml", DESIGN.into())])
}

/// The same design with a holder that does not act: faster to check.
fn idle(name: &str) -> Folder {
    let expectations = DESIGN.split("[[expect]]").filter(|text| !text.contains("at-most-one-acts"));
    let text = expectations.collect::<Vec<_>>().join("[[expect]]").replace(", act = \"4s\"", "");
    Folder::new(name, &[("lease.toml", text)])
}

const TAKEOVER: [&str; 8] = [
    "map",
    "lease.toml",
    "--property",
    "hard-death-takeover",
    "--x",
    "store.ttl=7s..13s",
    "--y",
    "contender.retry=500ms..4s",
];

/// The rows of a map's table: both values and the verdict, and of a bound the worst case.
fn rows(folder: &Folder, name: &str) -> Vec<(i64, i64, String, Option<i64>)> {
    let text = fs::read_to_string(folder.0.join("target/tenure/map").join(name)).expect("the table was written");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells[at].parse::<i64>().expect("values are whole numbers");
        (number(0), number(1), cells[2].to_string(), cells[3].parse().ok())
    };
    text.lines().skip(1).map(row).collect()
}

/// A holder dies: a lease, a rest, four messages of 250 ms (README). So 13 s are kept where ttl + retry <= 12 s.
#[test]
fn a_straight_boundary_is_found_with_its_formula() {
    let folder = folder("map-straight");
    let run = folder.tenure(&[&TAKEOVER[..], &["--grid", "13x11"]].concat()).ends(0);
    assert!(run.out.contains("ttl = -retry + 12 s: it holds below"), "{}", run.out);
    assert!(run.out.contains("20 of 20 further points agree"), "{}", run.out);
    let rows = rows(&folder, "lease-hard-death-takeover-one-crash-ttl-retry.csv");
    assert_eq!(rows.len(), 13 * 11);
    let (checked, unchecked): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.2 != "not checked");
    assert!(
        run.out.contains(&format!("{} points not checked", unchecked.len())) && unchecked.len() > 30,
        "{}",
        run.out
    );
    for (ttl, retry, verdict, worst) in checked {
        assert_eq!(worst, Some(ttl + retry + 1_000_000), "ttl {ttl} us, retry {retry} us");
        assert_eq!(verdict, if ttl + retry <= 12_000_000 { "holds" } else { "violated" });
    }
}

#[test]
fn dividing_cells_tells_the_same_as_checking_every_point() {
    let folder = folder("map-every");
    let asked = [&TAKEOVER[..], &["--grid", "9x9", "--json"]].concat();
    let name = "lease-hard-death-takeover-one-crash-ttl-retry.csv";
    folder.tenure(&asked).ends(0);
    let divided = rows(&folder, name);
    let run = folder.tenure(&[&asked[..], &["--every"]].concat()).ends(0);
    let every: BTreeMap<_, _> = rows(&folder, name).into_iter().map(|row| ((row.0, row.1), row.2)).collect();
    let told: serde_json::Value = serde_json::from_str(&run.out).expect("it prints JSON");
    schema::fits(include_str!("../docs/map.schema.json"), &told);
    assert_eq!((&told["not_checked"], every.len()), (&0.into(), 81));
    for (x, y, verdict, _) in divided.into_iter().filter(|row| row.2 != "not checked") {
        assert_eq!(every[&(x, y)], verdict);
    }
}

/// Nobody else may hold before a slow holder stops: with clocks off by r, and 10 ms until a timer is heard of, a lease of
/// 9 s ends within 9 s / (1 - r) + 10 ms, and the store waits for ttl / (1 + r).
#[test]
fn a_boundary_over_drifting_clocks_is_found_with_its_formula() {
    let folder = idle("map-drift");
    let asked = ["map", "lease.toml", "--property", "at-most-one-believes", "--x", "ledger.cut.drift=0%..6%"];
    let run = folder.tenure(&[&asked[..], &["--y", "store.ttl=9s..11s", "--grid", "7x9"]].concat()).ends(0);
    assert!(run.out.contains("ttl / (1 + drift) = 9 s / (1 - drift) + 0.010 s: it holds above"), "{}", run.out);
    assert!(run.out.contains("20 of 20 further points agree"), "{}", run.out);
}

/// An actor that ties its rest to the store's lease keeps what hangs on both.
#[test]
fn what_is_tied_follows() {
    let folder = folder("map-tied");
    let asked = ["--grid", "4x4", "--tie", "contender.renew=contender.retry + 500ms"];
    folder.tenure(&[&TAKEOVER[..], &asked].concat()).ends(0);
    let run = folder.tenure(&[&TAKEOVER[..], &["--tie", "contender.renew=contender.rety"]].concat()).ends(3);
    assert!(run.aside.contains("contender.retry"), "the nearest path is named\n{}", run.aside);
}

#[test]
fn pictures_have_words_and_need_nobody() {
    let folder = folder("map-pictures");
    folder.tenure(&[&TAKEOVER[..], &["--grid", "5x5", "--out", "maps"]].concat()).ends(0);
    let path =
        |ending: &str| folder.0.join("maps").join(format!("lease-hard-death-takeover-one-crash-ttl-retry.{ending}"));
    let svg = fs::read_to_string(path("svg")).expect("it was written");
    assert!(svg.contains("<title>") && svg.contains("<desc>") && svg.contains("prefers-color-scheme: dark"));
    assert!(svg.contains("class=\"contour\""), "worst cases of a bound are drawn");
    let addresses = svg.replace("http://www.w3.org/2000/svg", "");
    assert!(!addresses.contains("http") && !addresses.contains("<script") && !addresses.contains("<image"));
    let bytes = fs::read(path("png")).expect("it was written");
    let pixels = resvg::tiny_skia::Pixmap::decode_png(&bytes).expect("it is a PNG");
    // Left of the legend's text is paper; in its first lines, letters of ink.
    let dark = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        let ink = |x, y| pixels.pixel(x, y).is_some_and(|pixel| pixel.red() < 0x60);
        y.flat_map(|y| x.clone().map(move |x| (x, y))).filter(|(x, y)| ink(*x, *y)).count()
    };
    let letters = dark(32..900, 26..50);
    assert!((300..4_000).contains(&letters), "the title has {letters} dark pixels");
    assert_eq!(dark(0..30, 0..60), 0);
}

#[test]
fn what_is_no_map_is_refused() {
    let folder = folder("map-refused");
    fs::write(folder.0.join("file"), "").expect("it can be written");
    let property = ["--property", "hard-death-takeover"];
    let (x, y) = (["--x", "store.ttl=7s..13s"], ["--y", "contender.retry=1s..4s"]);
    for (asked, told) in [
        (vec!["--x", "store.tll=1s..2s", y[0], y[1]], "store.ttl"),
        (vec!["--x", "store.ttl=9s", y[0], y[1]], "expected PATH=lo..hi"),
        (vec!["--x", "store.ttl=9s..9s", y[0], y[1]], "write the smaller end first"),
        (vec!["--x", "store.ttl=5..6", y[0], y[1]], "unit"),
        (vec!["--x", "network.delay=1s..2s", y[0], y[1]], "`.lo` or `.hi`"),
        (vec![x[0], x[1], "--y", "design.store.ttl=1s..2s"], "the same parameter"),
        (vec![x[0], x[1], y[0], y[1], "--grid", "1x5"], "from 2 to 400"),
        (vec![x[0], x[1], y[0], y[1], "--under", "one-crahs"], "one-crash"),
        (vec![x[0], x[1], y[0], y[1], "--out", "file"], "it is a file"),
        (vec!["--x", "network.delay.lo=1s..2s", y[0], y[1]], "no point of these ranges is a design"),
        (vec![x[0], x[1], y[0], y[1], "--tie", "store.ttl"], "expected PATH=FORMULA"),
    ] {
        let run = folder.tenure(&[&["map", "lease.toml"], &property[..], &asked].concat()).ends(3);
        assert!(run.aside.contains(told), "{asked:?}: expected {told:?}\n{}", run.aside);
        assert!(!folder.0.join("target/tenure/map").exists(), "{asked:?} left something");
    }
    let run = folder.tenure(&["map", "lease.toml", "--property", "at-most-one-acts", x[0], x[1], y[0], y[1]]).ends(3);
    assert!(run.aside.contains("cut, pause"), "the ledgers are named\n{}", run.aside);
}

/// As for the straight boundary: ttl + 2 s + 1 s <= 13 s.
#[test]
fn the_largest_value_holds_and_the_next_does_not() {
    let folder = folder("tune-largest");
    let asked = ["tune", "lease.toml", "--property", "hard-death-takeover", "--largest", "store.ttl=9500ms..20s"];
    let run = folder.tenure(&[&asked[..], &["--step", "50ms"]].concat()).ends(0);
    assert!(run.out.contains("largest design.store.ttl: 10 s\n"), "{}", run.out);
    assert!(run.out.contains("at 10 s: hard-death-takeover within 13 s, under one-crash: HOLDS, worst case 13 s"));
    let next = "at 10.050 s: hard-death-takeover within 13 s, under one-crash: VIOLATED, worst case 13.050 s";
    assert!(run.out.contains(next), "{}", run.out);
    assert!(run.out.contains("of the others nothing is known"), "what was not tried is told\n{}", run.out);
    let run = folder.tenure(&[&asked[..], &["--within", "14s", "--step", "1s", "--every"]].concat()).ends(0);
    assert!(run.out.contains("store.ttl: 10.500 s") && run.out.contains("11 of 11 values"), "{}", run.out);
    let run = folder.tenure(&[&asked[..], &["--step", "50ms", "--json"]].concat()).ends(0);
    let told: serde_json::Value = serde_json::from_str(&run.out).expect("it prints JSON");
    schema::fits(include_str!("../docs/tune.schema.json"), &told);
    let tuned = &told["tuned"][0];
    assert_eq!([&tuned["found"], &tuned["next"]], [10_000_000, 10_050_000]);
}

/// The take-over only gains from a shorter ttl; safety is what ends it: ttl / 1.01 >= 9 s / 0.99 + 10 ms, so from
/// 9.191919 s on.
#[test]
fn other_expectations_must_still_hold() {
    let folder = idle("tune-smallest");
    let asked = ["tune", "lease.toml", "--property", "hard-death-takeover", "--smallest", "store.ttl=9s..10s"];
    let run = folder.tenure(&[&asked[..], &["--step", "10ms"]].concat()).ends(0);
    assert!(run.out.contains("smallest design.store.ttl: 9.200 s\n"), "{}", run.out);
    assert!(run.out.contains("at 9.190 s: at-most-one-") && run.out.contains("under cut: VIOLATED"), "{}", run.out);
    let run = folder.tenure(&[&asked[..], &["--within", "9s"]].concat()).ends(1);
    assert!(run.out.starts_with("NOT FOUND"), "{}", run.out);
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let folder = folder("tune-refused");
    let asked = ["tune", "lease.toml", "--property", "hard-death-takeover"];
    let largest = ["--largest", "store.ttl=9s..20s"];
    for (more, told) in [
        (vec![], "`--largest PATH=lo..hi`"),
        (vec![largest[0], largest[1], "--step", "1m"], "at most 11s"),
        (vec![largest[0], largest[1], "--step", "0"], "above zero"),
        (vec!["--smallest", "store=1..2"], "say which of its keys: ttl"),
    ] {
        let run = folder.tenure(&[&asked[..], &more].concat()).ends(3);
        assert!(run.aside.contains(told), "{more:?}: expected {told:?}\n{}", run.aside);
    }
}
