//! Workbench, palette, reminders and guide as a browser meets them: nothing of others shows, every figure counts its rows.

use model::system::{Job, JobStatus, SavedView, Sharing, UserRole};
use model::{Id, Input, Lang, Stamp};
use tests::served::{House, agent, answer, cookie, hold, named, sign_in};

const PEOPLE: [(&str, &str); 4] =
    [("何振邦", "owner"), ("张国栋", "sales_manager"), ("王海燕", "salesperson"), ("赵敏", "salesperson")];

const CUSTOMERS: [(&str, &str, &str); 4] = [
    ("王海燕", "北京金泰格散热器有限公司", "A"),
    ("王海燕", "唐山瑞丰建材贸易有限公司", "B"),
    ("赵敏", "太原晋能环保设备有限公司", "B"),
    ("李建军", "上海申和机电有限公司", "C"),
];

/// The house with customers in three hands and in the pool.
struct Bench(House);

impl std::ops::Deref for Bench {
    type Target = House;

    fn deref(&self) -> &House {
        &self.0
    }
}

impl Bench {
    fn new() -> Bench {
        Bench(House::with(&PEOPLE, &CUSTOMERS))
    }

    fn get(&self, who: &str, path: &str) -> (u16, String) {
        self.0.read(who, path)
    }

    /// Also returns the cookies that came, or where the answer leads.
    fn ask(&self, who: &str, path: &str, cookies: &str) -> (u16, String, String) {
        let asked = agent().get(format!("{}{path}", self.address));
        let got = answer(asked.header("cookie", format!("{}; {cookies}", cookie(who))).call().unwrap());
        let said = format!("{}{}", got.header("set-cookie"), got.header("location"));
        (got.status, got.text(), said)
    }

    fn post(&self, who: &str, path: &str) -> u16 {
        self.0.post(who, path, &[]).status
    }

    /// How many rows the list at an address has.
    fn rows_at(&self, who: &str, path: &str) -> i64 {
        let (status, body) = self.get(who, path);
        assert_eq!(status, 200, "{path}: {body}");
        let total = body.split("data-total=\"").nth(1).unwrap_or_else(|| panic!("{path} is a list"));
        total.split('"').next().unwrap().parse().unwrap()
    }
}

fn system() -> model::Actor {
    model::Actor::system(model::Door::System, Lang::Zh)
}

/// The links of a page that end in a number: address, number.
fn figures(body: &str) -> Vec<(String, i64)> {
    let main = body.split("<main").nth(1).unwrap();
    let link = |piece: &str| {
        let href = piece.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&");
        let inner = piece.split_once('>')?.1.split("</a>").next()?;
        let mut text = String::new();
        let mut inside = false;
        for ch in inner.chars() {
            match ch {
                '<' => inside = true,
                '>' => inside = false,
                ch if !inside => text.push(ch),
                _ => {}
            }
        }
        let digits: String = text.chars().rev().take_while(char::is_ascii_digit).collect();
        Some((href, digits.chars().rev().collect::<String>().parse().ok()?))
    };
    main.split("<a ").skip(1).filter_map(link).collect()
}

#[test]
fn a_stranger_is_led_to_the_sign_in() {
    let house = Bench::new();

    for path in ["/", "/palette?q=a", "/palette/customer/1", "/help", "/help/start"] {
        let (status, _, to) = house.ask("nobody", path, "");
        assert_eq!((status, to.starts_with("/login?to=")), (303, true), "{path}");
    }
}

#[test]
fn every_figure_of_the_workbench_is_the_number_of_rows_behind_it() {
    let house = Bench::new();

    for who in PEOPLE.map(|it| it.0) {
        for page in ["/", "/?who=me", "/?todo=customer.incomplete"] {
            let (status, body) = house.get(who, page);
            assert_eq!(status, 200, "{body}");
            let found = figures(&body);
            let lists: Vec<_> = found.iter().filter(|it| it.0.starts_with("/customer?")).collect();
            assert!(lists.len() > 12, "{who} {page}: {found:?}");
            for (href, count) in lists {
                assert_eq!(house.rows_at(who, href), *count, "{who} {page}: {href}");
            }
        }
    }
}

#[test]
fn the_workbench_opens_for_every_role() {
    let house = Bench::new();

    for preset in domain::REGISTRY.presets {
        house
            .db
            .write(&system(), |desk| {
                let user = named(desk, "赵敏");
                let held: Vec<UserRole> = desk.trusted().find(&[("user", (&user).into())])?;
                held.into_iter().try_for_each(|it| desk.trusted().delete(it))?;
                hold(desk, "赵敏", preset.code)
            })
            .unwrap();
        for page in ["/", "/palette?q=", "/palette?q=a", "/palette?q=%3E", "/palette?q=%40", "/help"] {
            assert_eq!(house.get("赵敏", page).0, 200, "{} {page}", preset.code);
        }
    }
}

#[test]
fn a_salesperson_has_only_their_own_figures() {
    let house = Bench::new();

    let (_, own) = house.get("王海燕", "/");
    let (_, managed) = house.get("张国栋", "/");

    assert!(!own.contains("太原晋能") && !own.contains("上海申和") && !own.contains("团队本月"));
    assert!(figures(&own).contains(&("/customer?owner=me&closed=false".into(), 2)));
    assert!(managed.contains("团队本月") && managed.contains("太原晋能") && !managed.contains("上海申和"));
    assert!(figures(&managed).contains(&("/customer?closed=false".into(), 3)));
}

#[test]
fn a_row_to_act_on_has_a_button_that_settles_it() {
    let house = Bench::new();

    let (_, body) = house.get("张国栋", "/?todo=customer.handed_in");

    let id = house.id("太原晋能");
    assert!(body.contains(&format!("hx-get=\"/customer/{id}/register\"")), "{body}");
}

#[test]
fn a_failed_backup_is_told_to_who_looks_after_it() {
    let house = Bench::new();
    let told = |who: &str| house.get(who, "/").1.contains("最近一次自动备份失败了");
    let ended = |status: JobStatus| {
        let made = house.db.write(&system(), move |desk| {
            let mut job = Job {
                id: Id::NEW,
                kind: "daily_backup".into(),
                status,
                user: None,
                input: "{}".into(),
                state: "{}".into(),
                done: 0,
                total: 0,
                result: String::new(),
                lease: None,
                finished: None,
                request: None,
                stamp: Stamp::default(),
            };
            desk.trusted().save(&mut job).map(drop)
        });
        made.unwrap()
    };

    assert!(!told("何振邦"));
    ended(JobStatus::Failed);
    assert!(told("何振邦") && !told("张国栋"));
    ended(JobStatus::Queued);
    assert!(told("何振邦"));
    ended(JobStatus::Done);
    assert!(!told("何振邦"));
}

#[test]
fn an_empty_company_is_shown_where_to_begin() {
    let house = Bench(House::with(&PEOPLE, &[]));

    let (status, body) = house.get("何振邦", "/");

    assert_eq!(status, 200);
    assert!(
        body.contains("还没有客户") && body.contains("/customer/import") && body.contains("/customer/new")
    );
}

#[test]
fn the_palette_finds_by_initials_and_hides_what_is_out_of_reach() {
    let house = Bench::new();
    let (own, hidden) = (house.id("金泰格"), house.id("太原晋能"));

    let (_, found) = house.get("王海燕", "/palette?q=bjjtg");
    let (_, none) = house.get("王海燕", "/palette?q=%E5%A4%AA%E5%8E%9F%E6%99%8B%E8%83%BD");
    let (_, all) = house.get("何振邦", "/palette?q=%E5%A4%AA%E5%8E%9F%E6%99%8B%E8%83%BD");

    assert!(found.contains(&format!("data-href=\"/customer/{own}\"")), "{found}");
    assert!(!none.contains("data-href=\"/customer/"), "{none}");
    assert!(all.contains(&format!("data-href=\"/customer/{hidden}\"")), "{all}");
    assert_eq!(house.get("王海燕", &format!("/palette/customer/{hidden}")).0, 404);
    let (status, preview) = house.get("王海燕", &format!("/palette/customer/{own}"));
    assert_eq!((status, preview.contains("王海燕")), (200, true));
    assert!(
        preview.contains(&format!("data-ask=\"/customer/{own}/release\"")) && !preview.contains("/transfer")
    );
}

#[test]
fn the_palette_lists_no_entries_of_code_tables() {
    let house = Bench::new();

    let (_, codes) = house.get("何振邦", "/palette?q=%E5%8C%97%E4%BA%AC%E5%B8%82");
    let (_, records) = house.get("何振邦", "/palette?q=%E5%8C%97%E4%BA%AC");

    assert!(!codes.contains("/code_entry/"), "{codes}");
    assert!(records.contains("data-href=\"/customer/"), "{records}");
}

#[test]
fn the_palette_offers_only_pages_and_commands_that_one_may_use() {
    let house = Bench::new();

    let (_, sales) = house.get("王海燕", "/palette?q=%3E");
    let (_, owner) = house.get("何振邦", "/palette?q=%3E");
    let (_, pages) = house.get("王海燕", "/palette?kind=pages&q=jues");
    let (_, roles) = house.get("何振邦", "/palette?kind=pages&q=jues");

    assert!(sales.contains("/customer/new") && !sales.contains("/customer/import"), "{sales}");
    assert!(owner.contains("/customer/import"));
    assert!(!pages.contains("/settings/roles") && roles.contains("/settings/roles"), "{roles}");
}

#[test]
fn what_was_opened_comes_back_unless_it_is_out_of_reach() {
    let house = Bench::new();
    let (own, hidden) = (house.id("金泰格"), house.id("太原晋能"));
    let opened = format!("ky_recent=customer.{hidden}~customer.{own}~role.1~nothing.x");

    for path in ["/", "/palette?q="] {
        let (status, body, _) = house.ask("王海燕", path, &opened);
        assert_eq!(status, 200);
        assert!(body.contains("最近打开") && body.contains("北京金泰格"), "{path}");
        assert!(!body.contains("太原晋能"), "{path}");
    }
}

#[test]
fn a_star_pins_a_view_and_takes_it_away_again() {
    let house = Bench::new();
    let pinned = |who: &str| house.get(who, "/").1.contains("href=\"/customer?view=all\"><svg");

    assert_eq!(house.post("王海燕", "/customer/view/all/pin"), 200);
    assert!(pinned("王海燕") && !pinned("赵敏"));
    let tabs = house.get("王海燕", "/customer?view=all").1.matches("全部客户").count();
    assert_eq!(house.post("王海燕", "/customer/view/all/pin"), 200);
    assert!(!pinned("王海燕"));

    // One in the sidebar, one tab: the pin is no further view.
    assert_eq!(tabs, 2);
    assert_eq!(house.post("王海燕", "/customer/view/nothing/pin"), 404);
    let of_another = view(&house, "赵敏", "全部", "closed=false", false);
    assert_eq!(house.post("王海燕", &format!("/customer/view/v{of_another}/pin")), 404);
    assert_eq!(house.post("王海燕", "/role/view/all/pin"), 404);
}

fn view(house: &Bench, who: &str, name: &str, query: &str, urgent: bool) -> i64 {
    let (who, name, query) = (who.to_owned(), name.to_owned(), query.to_owned());
    let made = house.db.write(&system(), move |desk| {
        let user = named(desk, &who);
        let mut view = SavedView {
            id: Id::NEW,
            entity: "customer".into(),
            name: name.clone(),
            query: query.clone(),
            user,
            sharing: Sharing::All,
            is_default: false,
            pinned: false,
            remind: urgent,
            urgent,
            position: 0,
            stamp: Stamp::default(),
        };
        desk.trusted().save(&mut view).map(|id| id.0)
    });
    made.unwrap()
}

#[test]
fn a_red_reminder_with_new_rows_is_named_once_after_signing_in() {
    let house = Bench::new();
    view(&house, "王海燕", "要催的客户", "owner=me&class=A", true);
    let again = |token: &str| {
        let user = house.system(|desk| Ok(named(desk, "王海燕")));
        sign_in(&house.db, user.0, token);
    };
    let told_of = |body: &str| body.contains("data-toast") && body.contains("要催的客户 ");

    let (_, first, cookie) = house.ask("王海燕", "/", "");
    let told = cookie.split(';').next().unwrap().to_owned();
    let (_, second, kept) = house.ask("王海燕", "/", &told);
    again("second");
    let (_, quiet, cookie) = house.ask("second", "/", &told);
    let told = cookie.split(';').next().unwrap().to_owned();
    let (id, class) = (house.id("唐山瑞丰"), Input::from([("class", "A")]));
    house.db.write(&system(), move |desk| desk.update("customer", id, None, &class)).unwrap();
    again("third");
    let (_, risen, _) = house.ask("third", "/customer?view=all", &told);

    assert!(told_of(&first));
    assert!(!told_of(&second) && kept.is_empty());
    assert!(!told_of(&quiet));
    assert!(told_of(&risen));
    // The bell leads to exactly its rows.
    assert!(first.contains("class=\"ky-n is-bad\">1<"));
}

#[test]
fn every_page_has_its_chapter() {
    use app::pages::help::chapter_of;

    for def in domain::REGISTRY.all().filter(|it| !it.module.is_empty()) {
        assert!(chapter_of(def.code, "").is_some(), "{}", def.code);
    }
    let chapter = |code: &str, path: &str| chapter_of(code, path).map(|it| it.name);
    assert_eq!(chapter("home", "/"), Some("start"));
    assert_eq!(chapter("customer", "/customer"), Some("find"));
    assert_eq!(chapter("customer", "/customer/17"), Some("customers"));
    assert_eq!(chapter("customer", "/customer/import"), Some("import"));
    assert_eq!(chapter("settings", "/settings/backup"), Some("backup"));
    assert_eq!(chapter("settings", "/settings/roles"), Some("users"));
    assert_eq!(chapter("settings", "/settings/codes"), Some("settings"));
}

#[test]
fn the_guide_says_the_same_in_both_languages_and_leads_nowhere_wrong() {
    use app::pages::help::{GUIDE, PICTURES, sections};

    for chapter in GUIDE {
        let ids = |lang| sections(chapter, lang).into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(ids(Lang::Zh), ids(Lang::En), "{}", chapter.name);
        assert!(ids(Lang::Zh).iter().all(|it| !it.is_empty()), "{}", chapter.name);
        for lang in [Lang::Zh, Lang::En] {
            assert!(chapter.text(lang).lines().count() > 15, "{}", chapter.name);
            for link in chapter.text(lang).split("](").skip(1).map(|it| it.split(')').next().unwrap()) {
                if link.starts_with("../pictures/") {
                    assert!(PICTURES.iter().any(|it| it.at == link), "{}: {link}", chapter.name);
                    let folder = if lang == Lang::Zh { "/zh/" } else { "/en/" };
                    assert!(link.contains(folder), "{}: {link}", chapter.name);
                    continue;
                }
                let (file, id) = link.split_once('#').unwrap_or((link, ""));
                let name = file.strip_suffix(".md").unwrap_or_else(|| panic!("{}: {link}", chapter.name));
                let to = GUIDE.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{link}"));
                assert!(id.is_empty() || sections(to, lang).iter().any(|it| it.0 == id), "{link}");
            }
        }
    }
}

#[test]
fn the_guide_opens_at_the_page_s_chapter_and_is_searched() {
    let house = Bench::new();

    for chapter in app::pages::help::GUIDE {
        let (status, body) = house.get("王海燕", &format!("/help/{}", chapter.name));
        assert_eq!(status, 200);
        assert!(body.contains(&format!("<h1>{}</h1>", chapter.title(Lang::Zh))), "{}", chapter.name);
    }
    let (_, _, to) = house.ask("王海燕", "/help/at/customer", "");
    let (_, found) = house.get("王海燕", "/help?q=%E5%85%AC%E6%B5%B7");
    let (_, pinyin) = house.get("王海燕", "/help?q=kjj");
    let (_, none) = house.get("王海燕", "/help?q=%3Cscript%3E");

    assert_eq!(to, "/help/customers");
    assert!(found.contains("href=\"/help/handover#pool\""));
    assert!(pinyin.contains("href=\"/help/keyboard\""));
    assert!(none.contains("找到 0 处") && !none.contains("<script>"));
    assert_eq!(house.get("王海燕", "/help/nothing").0, 404);
    assert_eq!(house.get("王海燕", "/help/image/nothing.png").0, 404);
}
