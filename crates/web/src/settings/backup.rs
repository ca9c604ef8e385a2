//! Backups, checks, and emptying the house.

use std::path::{Path as File, PathBuf};

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::{Desk, EntityDef, Error, Input, Label, Lang, Moment, Result, Text, seed};
use store::{Finding, archive};

use super::{Look, draw, open, show};
use crate::ui::{alert, amount, icon, icon14, none, t, table};
use crate::visit::{Answer, At, Sent, Visit};
use crate::{Site, export};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/backup", get(show).post(back_up))
        .route("/settings/backup/{name}", get(download))
        .route("/settings/clear", post(clear))
        .route("/settings/integrity", get(show).post(verify))
}

/// A backup that is older than this is one to worry about, in hours.
const OLD: i64 = 48;

/// A backup as it lies in the folder.
pub struct Kept {
    pub name: String,
    pub size: u64,
    pub made: Moment,
}

fn folder(site: &Site) -> PathBuf {
    site.data.join("backups")
}

/// The backups of a data folder, newest first.
pub fn list(folder: &File) -> Vec<Kept> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let kept = entries.filter_map(|it| {
        let it = it.ok()?;
        let (name, about) = (it.file_name().into_string().ok()?, it.metadata().ok()?);
        let made = Moment::try_from(about.modified().ok()?).ok()?;
        name.ends_with(".tar.gz").then_some(Kept { name, size: about.len(), made })
    });
    let mut kept: Vec<_> = kept.collect();
    kept.sort_by_key(|it| std::cmp::Reverse(it.made));
    kept
}

/// Why somebody should look after the backups: none, an old one, or one that failed.
pub fn worry(desk: &mut Desk, kept: &[Kept]) -> Result<Option<Text>> {
    let backups = match desk.backups() {
        Err(Error::NotFound { .. }) => Default::default(),
        backups => backups?,
    };
    if let Some((_, why)) = backups.failed {
        let (zh, en) =
            (format!("最近一次备份失败：{}", why.zh), format!("The last backup failed: {}", why.en));
        return Ok(Some(Text::new(zh, en)));
    }
    let Some(last) = kept.first() else {
        return Ok(Some(Text::new("还没有任何备份", "There is no backup yet")));
    };
    let hours = desk.now().duration_since(last.made).as_hours();
    let says = || {
        Text::new(
            format!("最近的备份已是 {} 天前", hours / 24),
            format!("The latest backup is {} days old", hours / 24),
        )
    };
    Ok((hours > OLD).then(says))
}

fn bytes(size: u64) -> String {
    match size {
        0..1_048_576 => format!("{} KB", amount((size as i64).div_euclid(1024).max(1), 0, 0)),
        size => format!("{} MB", amount((size as f64 / 104_857.6).round() as i64, 1, 1)),
    }
}

pub fn backup(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let kept = list(&folder(look.site));
    let worry = worry(look.desk, &kept)?;
    let catalog = look.desk.catalog().clone();
    let everything = look.desk.actor.rights.all;
    let rows = kept.iter().take(60).map(|it| {
        let fetch = html! {
            @if everything { a class="ky-btn is-small is-text" href={ "/settings/backup/" (it.name) } download { (icon14("download")) (t(lang, "下载", "Download")) } }
        };
        let made = html! { time { (catalog.minute(it.made)) } };
        (false, vec![made, html! { (it.name) }, html! { (bytes(it.size)) }, fetch])
    });
    Ok(html! {
        @if let Some(worry) = worry { (alert("warn", worry.of(lang), t(lang, "请现在备份一次，并把备份文件拷到另一台机器上。", "Make one now, and keep a copy on another machine."))) }
        section class="ky-card is-clip" {
            header { h2 { (t(lang, "备份", "Backups")) } span class="ky-n" { (kept.len()) } span class="ky-grow" {}
                form method="post" action="/settings/backup" { button class="ky-btn is-small is-primary" { (icon14("database")) (t(lang, "立即备份", "Back up now")) } }
            }
            @if kept.is_empty() { p class="ky-card-body ky-mute" { (look.site.data.join("backups").display()) } }
            @else { (table(lang, "时间|文件|#大小|#", "When|File|#Size|#", rows)) }
        }
        p class="ky-small" { a href="/settings/parameters" { (t(lang, "每天几点备份、留多少份", "When it is made each day, and how many are kept")) } }
        p class="ky-small ky-mute" { (t(lang, "备份里是公司的全部数据，只有看得见一切的人可以下载，每次都会记入外带记录。", "A backup holds everything the company has: only whoever may see everything downloads it, and each download is recorded under exports seen.")) }
        section class="ky-card" {
            header { h2 { (t(lang, "怎样恢复", "How to restore")) } }
            div class="ky-card-body" {
                p { (t(lang, "恢复会换掉现有数据，所以只在命令行、停掉服务之后做。原来的数据库会留在旁边，名字以 .old 结尾。SQLite 和 PostgreSQL 的备份可以互相恢复。", "Restoring replaces the data, so it is done on the command line with the server stopped. The old database stays beside it, ending in .old. Backups of SQLite and PostgreSQL restore into either.")) }
                pre class="ky-mono" tabindex="0" { "keyuan restore --data " (look.site.data.display()) " --replace " (folder(look.site).join("keyuan_….tar.gz").display()) }
            }
        }
        @if everything { (clear_form(look)) }
    })
}

/// The parts of the house that can be emptied: the business's modules.
fn parts(desk: &Desk) -> Vec<(&'static model::Module, Vec<&'static EntityDef>)> {
    let registry = desk.catalog().registry;
    let own = registry.entities.iter().skip(1).flat_map(|it| it.iter()).copied();
    let of = |code: &'static str| own.clone().filter(move |def| def.module == code).collect::<Vec<_>>();
    registry.modules.iter().map(|it| (it, of(it.code))).filter(|it| !it.1.is_empty()).collect()
}

/// What must be typed before anything is cleared: the company's name.
fn phrase(desk: &Desk) -> String {
    let name = desk.catalog().parameter("company_name");
    if name.is_empty() { "Keyuan".to_owned() } else { name.to_owned() }
}

fn clear_form(look: &mut Look) -> Markup {
    let (lang, registry) = (look.lang, look.desk.catalog().registry);
    let fault = look.fault("confirm");
    let names = |defs: &[&'static EntityDef]| {
        let going: Vec<_> = registry.going_with(defs).iter().map(|it| it.label.of(lang)).collect();
        going.join(t(lang, "、", ", "))
    };
    html! {
        section class="ky-card" id="clear" {
            header { h2 { (t(lang, "清空", "Clear")) } }
            form class="ky-card-body" method="post" action="/settings/clear" autocomplete="off" {
                p { (t(lang, "删除所选部分的全部记录，连同历史、备注和附件，不能撤销；用户、角色、代码表和参数留着。清空前会自动备份一次。", "Deletes every record of the chosen parts with its history, notes and files. It can't be undone; users, roles, code tables and parameters stay. A backup is made first.")) }
                @for (module, defs) in parts(look.desk) {
                    label class="ky-choice" { input class="ky-check" type="checkbox" name={ "part." (module.code) } value="1" checked[look.given.fields.contains_key(&format!("part.{}", module.code))]; span { (module.label.of(lang)) small { (names(&defs)) } } }
                }
                div class="ky-field" {
                    label class="ky-label is-required" for="confirm" { (t(lang, "输入公司名称确认：", "Type the company's name to confirm: ")) (phrase(look.desk)) }
                    input class="ky-input" id="confirm" name="confirm" required aria-invalid=[fault.as_ref().map(|_| "true")];
                    @if let Some(fault) = fault { small class="ky-error" { (fault) } }
                }
                p { button class="ky-btn is-danger" { (icon14("trash")) (t(lang, "备份并清空", "Back up and clear")) } }
            }
        }
    }
}

/// Writes a backup into the folder, apart from those that come and go by the day; returns its name.
async fn keep_before_clearing(site: &Site) -> Result<String> {
    let (db, folder, files) = (site.db.clone(), folder(site), site.data.join("files"));
    let made = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| Error::Internal(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let name = format!("before-clear_{}", archive::name(Moment::now()));
        archive::backup(db.store(), db.store().plan()?, Some(&files), &folder.join(&name))?;
        Ok(name)
    });
    made.await.map_err(|error| Error::Internal(error.to_string()))?
}

async fn back_up(visit: Visit) -> Answer {
    let queued = visit.write(|desk| {
        open(desk, "backup")?;
        desk.queue("backup", &serde_json::json!({}), 0, None)
    });
    queued.await?;
    Ok(visit.done("/job", Label { zh: "备份已开始", en: "The backup has begun" }))
}

/// A backup leaves the house: somebody's name stays with it.
async fn download(visit: Visit, At(name): At<String>) -> Answer {
    visit.read(|desk| open(desk, "backup").map(drop)).await?;
    // It holds everything, so it is for whom nothing is kept from.
    if !visit.visitor.actor.rights.all {
        return Err(Error::Forbidden { entity: "access", right: "export".into() }.into());
    }
    let missing = || Error::missing("settings/backup");
    let folder = folder(&visit.site);
    let kept = list(&folder).into_iter().find(|it| it.name == name).ok_or_else(missing)?;
    let file = std::fs::File::open(folder.join(&kept.name)).map_err(|_| missing())?;
    visit.write(move |desk| desk.take("backup", "", &name, 0)).await?;
    Ok(export::send_as(file, "application/gzip", &kept.name)?)
}

async fn clear(visit: Visit, Sent(given): Sent) -> Answer {
    match cleared(&visit, &given).await {
        Err(error @ Error::Invalid(_)) => draw(&visit, "/settings/backup", given, Some(error)).await,
        cleared => draw(&visit, "/settings/integrity", [("cleared", cleared?)].into(), None).await,
    }
}

async fn cleared(visit: &Visit, given: &Input) -> Result<String> {
    let sent = given.clone();
    let check = move |desk: &mut Desk| {
        open(desk, "backup")?;
        if !desk.actor.rights.all {
            return Err(Error::missing("settings/clear"));
        }
        let is_chosen = |code: &str| sent.fields.contains_key(&format!("part.{code}"));
        let chosen: Vec<_> =
            parts(desk).into_iter().filter(|it| is_chosen(it.0.code)).flat_map(|it| it.1).collect();
        let phrase = phrase(desk);
        if sent.text("confirm").trim() != phrase {
            let says = Text::new(
                format!("与公司名称不一致，没有清空。请输入：{phrase}"),
                format!("That is not the company's name; nothing was cleared. Type: {phrase}"),
            );
            return Err(Error::fault("confirm", "unconfirmed", says));
        }
        if chosen.is_empty() {
            let says = Label { zh: "请选择要清空的部分", en: "Choose what to clear" };
            return Err(Error::fault("confirm", "required", says));
        }
        Ok(chosen)
    };
    let chosen = visit.read(check).await?;
    let name = keep_before_clearing(&visit.site).await?;
    let lang = visit.lang();
    let done = visit.write(move |desk| {
        let gone = desk.clear(&chosen)?;
        let told = gone.iter().map(|(def, count)| format!("{} {}", def.label.of(lang), amount(*count, 0, 0)));
        let told = told.collect::<Vec<_>>().join(t(lang, "，", ", "));
        desk.trusted().because(&told);
        let when = desk.now().to_string();
        seed::set_parameter(desk, "cleared_at", &when)?;
        Ok(told)
    });
    let told = done.await?;
    Ok(match lang {
        Lang::Zh => format!("已清空：{told}。清空前的备份：{name}"),
        Lang::En => format!("Cleared: {told}. The backup made before: {name}"),
    })
}

/// The result of the last check, as the program remembers it.
const CHECKED: &str = "verified";

pub fn integrity(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let kept = list(&folder(look.site));
    let worry = worry(look.desk, &kept)?;
    let catalog = look.desk.catalog().clone();
    let last: serde_json::Value = serde_json::from_str(catalog.parameter(CHECKED)).unwrap_or_default();
    let when = last["at"].as_str().and_then(|it| it.parse::<Moment>().ok());
    let found = last["found"].as_array().cloned().unwrap_or_default();
    let text = |it: &serde_json::Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let cleared = look.given.text("cleared");
    let rows = found
        .iter()
        .map(|it| (false, ["code", "place", "says"].map(|key| html! { (text(it, key)) }).to_vec()));
    Ok(html! {
        @if !cleared.is_empty() { (alert("ok", cleared, "")) }
        section class="ky-card" {
            header { h2 { (t(lang, "数据检查", "Check of the data")) } span class="ky-grow" {}
                form method="post" action="/settings/integrity" { button class="ky-btn is-small is-primary" { (icon14("checks")) (t(lang, "现在检查", "Check now")) } }
            }
            div class="ky-card-body" {
                p { (t(lang, "核对数据库文件本身、表结构、记录之间的引用、搜索索引和附件。检查时其他人可以照常工作。", "Looks through the database itself, its tables, the links between records, the search indexes and the files. Others can work meanwhile.")) }
                @match when {
                    None => { p class="ky-mute" { (t(lang, "还没有检查过", "Not checked yet")) } }
                    Some(when) if found.is_empty() => { p { span class="ky-status is-ok" { (t(lang, "没有发现问题", "Nothing found")) } " · " time { (catalog.minute(when)) } } }
                    Some(when) => { p { span class="ky-status is-bad" { (found.len()) " " (t(lang, "个问题", if found.len() == 1 { "finding" } else { "findings" })) } " · " time { (catalog.minute(when)) } } }
                }
            }
            @if !found.is_empty() { (table(lang, "种类|位置|问题", "Kind|Where|Finding", rows)) }
        }
        section class="ky-card" {
            header { h2 { (t(lang, "最近的备份", "Latest backup")) } span class="ky-grow" {} a href="/settings/backup" { (t(lang, "备份", "Backups")) } }
            div class="ky-card-body" {
                @match (kept.first(), worry) {
                    (_, Some(worry)) => { p { span class="ky-status is-bad" { (worry.of(lang)) } } }
                    (Some(last), None) => { p { span class="ky-status is-ok" { time { (catalog.minute(last.made)) } } " · " (bytes(last.size)) } }
                    (None, None) => {}
                }
            }
        }
    })
}

/// The files that rows name must be there.
const HASHES: &str = "SELECT hash FROM attachment";

async fn verify(visit: Visit) -> Answer {
    visit.read(|desk| open(desk, "integrity").map(drop)).await?;
    let (db, data) = (visit.site.db.clone(), visit.site.data.join("files"));
    let registry = Some(db.registry());
    let look = move || store::verify(db.store(), db.store().plan()?, registry, Some(&data), Some(HASHES));
    let found =
        tokio::task::spawn_blocking(look).await.map_err(|error| Error::Internal(error.to_string()))??;
    let told = |it: &Finding| serde_json::json!({ "code": it.code, "place": it.place, "says": it.says });
    let found: Vec<_> = found.iter().take(200).map(told).collect();
    let result = serde_json::json!({ "at": Moment::now().to_string(), "found": found }).to_string();
    let keep = move |desk: &mut Desk| seed::set_parameter(desk, CHECKED, &result);
    visit.site.db.write_async(&visit.site.system, keep).await?;
    Ok(visit.done("/settings/integrity", Label { zh: "检查完成", en: "Checked" }))
}

/// What went wrong lately, by the number that the page showed.
pub fn problems(look: &mut Look) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let wanted = look.given.text("q").trim().to_uppercase();
    let found: Vec<_> = look.site.problems().into_iter().filter(|it| it.number.contains(&wanted)).collect();
    let says = |error: &Error| match error {
        Error::Internal(says) => says.clone(),
        error => model::message::message(error, catalog.registry, "", lang),
    };
    let rows = found.iter().rev().map(|it| {
        let who = it.user.and_then(|id| catalog.user_name(id));
        let cells = vec![
            html! { code { (it.number) } },
            html! { time { (catalog.minute(it.at)) } },
            html! { @match who { Some(name) => (name), None => (none()) } },
            html! { span title=(it.path) { (it.method) " " (it.path) } },
            html! { (it.status) },
            html! { span title=(says(&it.error)) { (says(&it.error)) } },
        ];
        (false, cells)
    });
    Ok(html! {
        form class="ky-box" role="search" { (icon14("search")) input name="q" value=(wanted) maxlength="20" aria-label=(t(lang, "出错编号", "Problem number")) placeholder=(t(lang, "页面上的编号，例如 4F0A91C2", "The page's number, such as 4F0A91C2")); }
        section class="ky-card is-clip is-full" {
            @if found.is_empty() { div class="ky-card-body ky-row ky-mute" { (icon("circle-check")) (t(lang, "没有这样的记录。这里保留自启动以来最近 500 个，更早的在日志里。", "Nothing found. The latest 500 since the start are kept here; older ones are in the log.")) } }
            @else { (table(lang, "编号|时间|谁|地址|#状态|原因", "Number|When|Who|Address|#Status|What happened", rows)) }
        }
    })
}
