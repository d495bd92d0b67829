//! The page of a review, in a browser that measures it.
//!
//! `cargo run --release` must have written the page, and Chromium must be there: `.ci/run` sees to both.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = "target/tenure/review/report.html";
const MEASURE: &str = include_str!("browser/measure.js");
/// The narrowest screen that the page is made for, in pixels.
const NARROW: u64 = 400;

/// What the browser says of the page, and what it wrote to its console.
struct Seen {
    figures: Value,
    console: Vec<String>,
}

fn open(page: &str, name: &str, flags: &[&str]) -> Seen {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old run's folder can go");
    }
    fs::create_dir_all(&folder).expect("a folder can be made");
    // A window has a least width, a frame in it has none.
    let around = format!(
        "<!doctype html><meta name='color-scheme' content='light dark'>\
         <iframe src='page.html' style='width:{NARROW}px;height:800px;border:0'></iframe>"
    );
    let file = folder.join("around.html");
    fs::write(folder.join("page.html"), page).expect("a file can be written");
    fs::write(&file, around).expect("a file can be written");
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
        ])
        .args(quiet)
        .args(["--enable-logging=stderr", "--dump-dom", "--timeout=60000", &profile])
        .args(flags)
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("Chromium is installed");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let figures = dom.split_once("data-figures=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (figures, _) = figures.unwrap_or_else(|| panic!("the page was not measured: {told}"));
    let figures = figures.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    Seen {
        figures: serde_json::from_str(&figures).unwrap_or_else(|error| panic!("{error}: {figures}")),
        console: told.lines().filter(|line| line.contains("CONSOLE")).map(Into::into).collect(),
    }
}

fn measured(page: &str, name: &str, flags: &[&str]) -> Seen {
    open(&page.replacen("</body>", &format!("<script>{MEASURE}</script></body>"), 1), name, flags)
}

#[test]
#[ignore = "needs Chromium and the page of a review: .ci/run has both"]
fn the_page_can_be_read_on_a_narrow_screen_in_light_and_dark() {
    let page = fs::read_to_string(Path::new(ROOT).join(PAGE)).expect("a review has written the page");
    assert!(page.len() < 5 << 20, "{} bytes", page.len());
    assert!(page.contains("</body>"));
    for (name, dark) in [("light", false), ("dark", true)] {
        // Blink's own numbers of the two schemes.
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        let Seen { figures, console } = measured(&page, name, &[&scheme]);
        println!("{name}: {figures}");
        assert_eq!(console, [""; 0]);
        assert_eq!(figures["dark"], dark, "{figures}");
        assert_eq!(figures["inner"], NARROW, "{figures}");
        assert!(figures["scroll"].as_u64() <= Some(NARROW), "it scrolls sideways: {figures}");
        assert!(figures["milliseconds"].as_f64() < Some(1_000.0), "it opens slowly: {figures}");
        assert!(figures["texts"].as_u64() > Some(1_000), "{figures}");
        assert!(figures["smallest"]["size"].as_f64() >= Some(12.0), "{figures}");
        assert!(figures["faintest"]["ratio"].as_f64() >= Some(4.5), "{figures}");
    }
}

/// Each of the faults that the test above looks for.
#[test]
#[ignore = "needs Chromium: .ci/run has it"]
fn a_bad_page_is_seen_to_be_bad() {
    let page = "<!doctype html><html><body style='margin:0'><div style='width:700px'>wide</div>\
                <p style='font-size:9px;color:#999'>small and faint</p><script>console.error('broken')</script></body></html>";
    let Seen { figures, console } = measured(page, "bad", &[]);
    assert_eq!(console.len(), 1, "{console:?}");
    assert_eq!(figures["scroll"], 700, "{figures}");
    assert_eq!(figures["smallest"]["size"], 9, "{figures}");
    let ratio = figures["faintest"]["ratio"].as_f64().expect("a number");
    assert!((2.7..3.0).contains(&ratio), "grey on white: {figures}");
}
