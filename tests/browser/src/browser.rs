//! One visit with a real browser, in the words of somebody who uses it.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::House;
use crate::driver::{Turn, driver};

/// How long something on the page may take before its absence is a fault. A machine under load is slow.
const PATIENCE: Duration = Duration::from_secs(15);

/// A screen to look at: name for pictures, width, height, and whether it is a phone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Screen {
    pub name: &'static str,
    width: u32,
    height: u32,
    phone: bool,
}

pub const DESKTOP: Screen = Screen { name: "1440", width: 1440, height: 900, phone: false };
/// What the guide's pictures show: as much of a page as is still read when they are drawn smaller.
pub const GUIDE: Screen = Screen { name: "guide", width: 1360, height: 800, phone: false };
pub const PHONE: Screen = Screen { name: "390", width: 390, height: 844, phone: true };

/// A browser with a visitor in it. Its window closes with it.
pub struct Browser {
    client: Option<Client>,
    runtime: Runtime,
    session: String,
    pub url: String,
    pub screen: Screen,
    expected: std::cell::RefCell<Vec<u16>>,
    /// Where downloads land.
    pub downloads: TempDir,
    _turn: Turn,
}

/// Goes through a story in a new browser, and in the end looks at what must never happen: errors in the console,
/// violations of the content policy, layouts that shift.
pub fn visit(house: &House, screen: Screen, story: impl FnOnce(&Browser)) {
    let browser = Browser::open(house, screen);
    story(&browser);
    browser.nothing_went_wrong();
}

impl Browser {
    fn open(house: &House, screen: Screen) -> Browser {
        let turn = Turn::take();
        let downloads = tempfile::tempdir().expect("a temporary folder can be made");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a run time can be made");
        let profile = format!("--user-data-dir={}", downloads.path().join("profile").display());
        let metrics = json!({
            "width": screen.width, "height": screen.height, "pixelRatio": if screen.phone { 2.0 } else { 1.0 },
            "mobile": screen.phone, "touch": screen.phone,
        });
        let wanted = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": crate::driver::find("chromium"),
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--hide-scrollbars", profile,
                ],
                "mobileEmulation": { "deviceMetrics": metrics },
                "prefs": {
                    "download.default_directory": downloads.path().join("files"),
                    "intl.accept_languages": "zh-CN,zh",
                    "download.prompt_for_download": false,
                    "credentials_enable_service": false,
                },
            },
        });
        let Value::Object(wanted) = wanted else { unreachable!("it is written as an object") };
        let wanted: Capabilities = wanted;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = runtime.block_on(builder.capabilities(wanted).connect(driver()));
        let client = client.expect("Chromium starts");
        let session = runtime.block_on(client.session_id()).expect("the driver answers").unwrap_or_default();
        let browser = Browser {
            client: Some(client),
            runtime,
            session,
            url: house.url.clone(),
            screen,
            expected: Vec::new().into(),
            downloads,
            _turn: turn,
        };
        let first = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": include_str!("page.js") } });
        browser.ask("goog/cdp/execute", &first);
        browser
    }

    /// A question to the driver that the standard does not know.
    fn ask(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/session/{}/{path}", driver(), self.session);
        let answer = ureq::post(&url).send_json(body).and_then(|mut it| it.body_mut().read_json::<Value>());
        answer.map(|it| it["value"].clone()).unwrap_or_else(|error| panic!("the driver at {path}: {error}"))
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("the window is open until the end")
    }

    fn wait<T>(&self, future: impl Future<Output = Result<T, CmdError>>) -> Result<T, CmdError> {
        self.runtime.block_on(future)
    }

    /// Tries until it works: pages answer when they are ready, and a swap may take away what was just found.
    fn until<T>(&self, what: &str, mut step: impl FnMut() -> Result<Option<T>, CmdError>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let last = step();
            if let Ok(Some(found)) = last {
                return found;
            }
            if Instant::now() > end {
                let trouble = last.err().map_or(String::new(), |it| format!(" ({it})"));
                let text = self.run("return document.body.innerText", &[]);
                panic!(
                    "{what}{trouble}\nat {}, where the page says:\n{}",
                    self.path(),
                    text.as_str().unwrap_or("")
                );
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    pub fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.url);
        self.wait(self.client().goto(&url)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Path and query of the page.
    pub fn path(&self) -> String {
        let url = self.wait(self.client().current_url()).expect("the driver answers");
        let query = url.query().map_or(String::new(), |it| format!("?{it}"));
        format!("{}{query}", url.path())
    }

    /// Signs in and goes to a page.
    pub fn sign_in(&self, login: &str, password: &str, to: &str) {
        self.goto(&format!("/login?to={}", to.replace('&', "%26")));
        self.fill("#u", login);
        self.fill("#p", password);
        self.press("Enter");
        self.until("nobody is signed in", || Ok((!self.path().starts_with("/login")).then_some(())));
    }

    pub fn cookie(&self, name: &str, value: &str) {
        let script = "document.cookie = arguments[0] + '=' + arguments[1] + ';path=/'";
        self.run(script, &[json!(name), json!(value)]);
    }

    /// A script of the test in the page.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.wait(self.client().execute(script, arguments.to_vec()))
            .unwrap_or_else(|it| panic!("{script}: {it}"))
    }

    /// Waits until an expression holds in the page.
    pub fn wait_for(&self, what: &str, expression: &str) {
        let script = format!("return document.readyState === 'complete' && !!({expression})");
        self.until(&format!("in vain: {what}"), || {
            let holds = self.wait(self.client().execute(&script, Vec::new()))?;
            Ok((holds == json!(true)).then_some(()))
        });
    }

    fn find(&self, kind: &str, name: &str, within: Option<&str>) -> Result<Option<Element>, CmdError> {
        if name.starts_with(['#', '.', '[']) {
            return Ok(self.wait(self.client().find(Locator::Css(name))).ok());
        }
        let arguments = vec![json!(kind), json!(name), json!(within)];
        let found = self.wait(self.client().execute(include_str!("find.js"), arguments))?;
        let Some(id) = found.as_object().and_then(|it| it.values().next()?.as_str().map(str::to_owned))
        else {
            return Ok(None);
        };
        Ok(Some(Element::from_element_id(self.client().clone(), id.into())))
    }

    /// Clicks what has this name or this CSS selector, in the topmost dialog where one is open.
    pub fn click(&self, name: &str) {
        self.click_in(name, None);
    }

    pub fn click_within(&self, within: &str, name: &str) {
        self.click_in(name, Some(within));
    }

    fn click_in(&self, name: &str, within: Option<&str>) {
        self.until(&format!("there is nothing to click called {name}"), || {
            let Some(element) = self.find("button", name, within)? else { return Ok(None) };
            self.wait(element.click()).map(Some)
        });
    }

    /// Puts a text into the field of this label or CSS selector, in place of what was there.
    pub fn fill(&self, label: &str, text: &str) {
        self.until(&format!("there is no field called {label}"), || {
            let Some(element) = self.find("field", label, None)? else { return Ok(None) };
            self.wait(element.clear())?;
            self.wait(element.send_keys(text)).map(Some)
        });
    }

    /// A file into a file field, by CSS selector.
    pub fn upload(&self, field: &str, file: &std::path::Path) {
        self.until(&format!("there is no field {field}"), || {
            let element = self.wait(self.client().find(Locator::Css(field)))?;
            self.wait(element.send_keys(&file.to_string_lossy())).map(Some)
        });
    }

    /// The file that a click has brought, once it is whole.
    pub fn downloaded(&self) -> PathBuf {
        self.until("nothing was downloaded", || {
            let files =
                std::fs::read_dir(self.downloads.path().join("files")).into_iter().flatten().flatten();
            let mut files: Vec<PathBuf> = files.map(|it| it.path()).collect();
            files.retain(|it| it.extension().is_some_and(|it| it != "crdownload" && it != "tmp"));
            Ok(files.pop().filter(|it| it.metadata().is_ok_and(|it| it.len() > 0)))
        })
    }

    /// Presses keys one after the other: `J`, `Enter`, `Control+Shift+L`.
    pub fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for chord in keys.split(' ') {
            let chord: Vec<char> = chord.split('+').map(key).collect();
            actions = chord.iter().fold(actions, |all, it| all.then(KeyAction::Down { value: *it }));
            actions = chord.iter().rev().fold(actions, |all, it| all.then(KeyAction::Up { value: *it }));
        }
        self.wait(self.client().perform_actions(actions)).unwrap_or_else(|error| panic!("{keys}: {error}"));
    }

    /// Presses Tab until the focus is on what a CSS selector finds.
    pub fn tab_to(&self, css: &str) {
        let there = json!(css);
        for _ in 0..150 {
            if self.run("return document.activeElement.matches(arguments[0])", std::slice::from_ref(&there))
                == true
            {
                return;
            }
            self.press("Tab");
        }
        panic!("Tab never comes to {css} at {}", self.path());
    }

    /// Types a text into whatever has the focus.
    pub fn type_text(&self, text: &str) {
        let mut actions = KeyActions::new("keyboard".into());
        for value in text.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.wait(self.client().perform_actions(actions)).unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// Drags what a CSS selector finds to the right.
    pub fn drag(&self, css: &str, pixels: i64) {
        let element =
            self.wait(self.client().find(Locator::Css(css))).unwrap_or_else(|error| panic!("{css}: {error}"));
        let (duration, steps) = (Some(Duration::from_millis(20)), 4);
        let mut actions = MouseActions::new("mouse".into())
            .then(PointerAction::MoveToElement { element, duration, x: 0., y: 0. })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        for _ in 0..steps {
            actions = actions.then(PointerAction::MoveBy { duration, x: (pixels / steps) as f64, y: 0. });
        }
        let actions = actions.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.wait(self.client().perform_actions(actions)).unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Waits until the page shows a text.
    pub fn see(&self, text: &str) {
        let text = serde_json::to_string(text).expect("a text is JSON");
        self.wait_for(
            &format!("the page shows {text}"),
            &format!("document.body.innerText.includes({text})"),
        );
    }

    /// Waits until the page no longer shows a text.
    pub fn see_no(&self, text: &str) {
        let text = serde_json::to_string(text).expect("a text is JSON");
        self.wait_for(&format!("{text} has gone"), &format!("!document.body.innerText.includes({text})"));
    }

    /// The text of the first element that a CSS selector finds.
    pub fn text(&self, css: &str) -> String {
        self.until(&format!("there is no {css}"), || {
            let found = self.wait(self.client().execute(
                "const it = document.querySelector(arguments[0]); return it && it.innerText",
                vec![json!(css)],
            ))?;
            Ok(found.as_str().map(|it| it.trim().to_owned()))
        })
    }

    /// How many elements a CSS selector finds.
    pub fn count(&self, css: &str) -> usize {
        let found = self.run("return document.querySelectorAll(arguments[0]).length", &[json!(css)]);
        found.as_u64().unwrap_or_default() as usize
    }

    /// The name or text of what has the focus.
    pub fn focused(&self) -> String {
        let script = "const it = document.activeElement; return it.getAttribute('aria-label') || it.innerText || it.name || it.tagName";
        self.run(script, &[]).as_str().unwrap_or_default().trim().to_owned()
    }

    /// A picture under `target/screenshots`.
    pub fn screenshot(&self, name: &str) {
        let picture = self.wait(self.client().screenshot()).expect("a picture is taken");
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let name = format!("{name}-{}.png", self.screen.name);
        std::fs::write(folder.join(name), picture).expect("the picture is written");
    }

    /// The page as one sees it, a dot for each pixel of its layout, in WebP.
    pub fn picture(&self) -> Vec<u8> {
        let Screen { width, height, phone, .. } = self.screen;
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": if phone { 0.5 } else { 1.0 } });
        let how = json!({ "format": "webp", "quality": 45, "clip": clip });
        let taken = self.ask("goog/cdp/execute", &json!({ "cmd": "Page.captureScreenshot", "params": how }));
        let text = taken["data"].as_str().expect("the driver takes a picture");
        BASE64.decode(text.as_bytes()).expect("the picture comes in base 64")
    }

    /// Refusals that the story is about: the console names their status.
    pub fn expect_status(&self, status: u16) {
        self.expected.borrow_mut().push(status);
    }

    /// No rule of WCAG 2.1 A and AA is broken on this page.
    pub fn is_accessible(&self, what: &str) {
        let axe = include_str!("../vendor/axe.min.js");
        self.run(axe, &[]);
        let script = "const done = arguments[0];
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] })
                .then(function (it) { done(it.passes.length < 10 ? ['axe looked at nothing'] : it.violations.map(function (rule) {
                    return rule.id + ': ' + rule.help + rule.nodes.slice(0, 5).map(function (node) {
                        return '\\n    ' + node.html.slice(0, 200) + '\\n      ' + node.failureSummary.replace(/\\n/g, ' ').slice(0, 300);
                    }).join('');
                })); }, function (error) { done(['axe: ' + error]); });";
        let found = self.wait(self.client().execute_async(script, Vec::new())).expect("axe answers");
        let found: Vec<&str> = found.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(found.is_empty(), "{what} at {}: {}\n{}", self.path(), found.len(), found.join("\n"));
    }

    fn nothing_went_wrong(&self) {
        let seen = self.run("return JSON.parse(sessionStorage.getItem('seen') || '[]')", &[]);
        let mut faults: Vec<String> =
            seen.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        let log = self.ask("se/log", &json!({ "type": "browser" }));
        let expected = self.expected.borrow();
        let is_expected = |text: &str| expected.iter().any(|it| text.contains(&format!("status of {it}")));
        for entry in log.as_array().into_iter().flatten().filter(|it| it["level"] == "SEVERE") {
            let text = entry["message"].as_str().unwrap_or_default();
            if !is_expected(text) {
                faults.push(format!("console: {text}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if std::thread::panicking()
            && let Ok(picture) = self.runtime.block_on(client.screenshot())
        {
            let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
            let _ = std::fs::create_dir_all(&folder);
            let _ = std::fs::write(folder.join(format!("failed-{test}.png")), picture);
        }
        let _ = self.runtime.block_on(client.close());
    }
}

/// The driver's letter for a key.
fn key(name: &str) -> char {
    match name {
        "Enter" => '\u{e007}',
        "Escape" => '\u{e00c}',
        "Tab" => '\u{e004}',
        "Backspace" => '\u{e003}',
        "Delete" => '\u{e017}',
        "Space" => ' ',
        "Control" => '\u{e009}',
        "Shift" => '\u{e008}',
        "Alt" => '\u{e00a}',
        "Left" => '\u{e012}',
        "Up" => '\u{e013}',
        "Right" => '\u{e014}',
        "Down" => '\u{e015}',
        "Home" => '\u{e011}',
        "End" => '\u{e010}',
        letter => {
            let mut letters = letter.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => letter.to_ascii_lowercase(),
                _ => panic!("there is no key {letter}"),
            }
        }
    }
}
