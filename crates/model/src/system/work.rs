//! Work that takes longer than an answer, and who took what out of the house. Only the program writes these records:
//! whoever could write them could give work in another's name.

use crate::{Choice, Entity, Id, Moment, Result, Stamp, Tx, Verbs, Views, verbs, views};

use super::User;

/// What kinds of jobs and of taking there are.
pub const WORDS: [(&str, &str, &str); 13] = [
    ("import", "导入", "Import"),
    ("undo_import", "撤销导入", "Undo an import"),
    ("export", "导出", "Export"),
    ("print", "打印", "Print"),
    ("list", "长列表", "Long list"),
    ("api", "接口", "API"),
    ("check_name", "查重", "Name check"),
    ("backup", "备份", "Backup"),
    ("daily_backup", "每日备份", "Daily backup"),
    ("index_custom", "自定义字段索引", "Index of custom fields"),
    ("recalculate", "重新计算", "Recalculation"),
    ("housekeeping", "清理", "Housekeeping"),
    ("request", "接口请求", "API request"),
];

/// One run of an import: what was asked, what came of it.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "导入批次", en = "Import", module = "settings", icon = "upload", title = file, owner = user)]
pub struct ImportBatch {
    pub id: Id<ImportBatch>,
    #[field(zh = "文件", en = "File", readonly, list)]
    pub file: String,
    #[field(zh = "档案", en = "Entity", readonly, list, filter, format = Entity)]
    pub entity: String,
    #[field(zh = "用户", en = "User", readonly, list, filter)]
    pub user: Option<Id<User>>,
    /// Sheet, mapping, key, defaults and the treatment of near duplicates, as JSON.
    #[field(zh = "设置", en = "Plan", readonly, format = Long)]
    pub plan: String,
    /// The headers' signature, by which the mapping is remembered.
    #[field(zh = "表头", en = "Headers", readonly)]
    pub headers: String,
    #[field(zh = "新建", en = "New", readonly, list)]
    pub created_rows: i64,
    #[field(zh = "更新", en = "Updated", readonly, list)]
    pub updated_rows: i64,
    #[field(zh = "相同", en = "Same", readonly, list)]
    pub same_rows: i64,
    #[field(zh = "跳过", en = "Skipped", readonly, list)]
    pub skipped_rows: i64,
    #[field(zh = "错误", en = "Refused", readonly, list)]
    pub refused_rows: i64,
    #[field(zh = "已撤销", en = "Undone", readonly, list)]
    pub undone: bool,
    pub stamp: Stamp,
}

/// A piece of work in the background. It is finished exactly once: its effects and its progress commit together.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "后台任务", en = "Job", module = "settings", icon = "clock", title = kind, owner = user)]
#[entity(verbs = JOB_VERBS, views = JOB_VIEWS)]
pub struct Job {
    pub id: Id<Job>,
    #[field(zh = "任务", en = "Job", readonly, list, filter, format = Word)]
    pub kind: String,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: JobStatus,
    #[field(zh = "用户", en = "User", readonly, list, filter)]
    pub user: Option<Id<User>>,
    /// What to do, as JSON.
    #[field(zh = "内容", en = "Input", readonly, format = Json)]
    pub input: String,
    /// How far it is: what it needs to go on from here, as JSON.
    #[field(zh = "进展", en = "State", readonly, format = Json)]
    pub state: String,
    #[field(zh = "完成", en = "Done", readonly, list, format = Share)]
    pub done: i64,
    #[field(zh = "总数", en = "Of", readonly, list)]
    pub total: i64,
    #[field(zh = "结果", en = "Result", readonly, format = Said, list)]
    pub result: String,
    /// Until when the runner that works on it has it for itself.
    #[field(zh = "租期", en = "Lease", readonly)]
    pub lease: Option<Moment>,
    #[field(zh = "结束时间", en = "Finished", readonly, list)]
    pub finished: Option<Moment>,
    /// A key that the caller chose, so that the same request makes one job.
    #[field(zh = "请求号", en = "Request key", readonly, unique)]
    pub request: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum JobStatus {
    #[choice(zh = "排队", en = "Queued")]
    Queued,
    #[choice(zh = "进行中", en = "Running")]
    Running,
    #[choice(zh = "完成", en = "Done")]
    Done,
    #[choice(zh = "失败", en = "Failed")]
    Failed,
    #[choice(zh = "已取消", en = "Cancelled")]
    Cancelled,
}

const JOB_VERBS: Verbs<Job> = verbs![cancel("取消", "Cancel", when |it| it.runs(),
    else "任务已经结束" "The job is over", needs "update", is danger)];

const JOB_VIEWS: Views = views![
    lately("最近", "Lately", "sort=-id&columns=kind,created,status,user,done,total,result"),
    busy(
        "进行中",
        "Running",
        "status=queued,running&sort=-id&columns=kind,created,status,user,done,total,result"
    ),
    failed("失败", "Failed", "status=failed&sort=-id&columns=kind,created,status,user,finished,result"),
];

fn cancel(job: &mut Job, tx: &mut Tx) -> Result<()> {
    job.stop(tx.now);
    Ok(())
}

/// Somebody took rows out: an export, a print, a long list.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "外带记录", en = "Export seen", module = "settings", icon = "eye", title = kind, owner = user)]
#[entity(views = ACCESS_VIEWS)]
pub struct Access {
    pub id: Id<Access>,
    #[field(zh = "用户", en = "User", readonly, list, filter)]
    pub user: Option<Id<User>>,
    #[field(zh = "方式", en = "Kind", readonly, list, filter, format = Word)]
    pub kind: String,
    #[field(zh = "档案", en = "Entity", readonly, list, filter, format = Entity)]
    pub entity: String,
    #[field(zh = "条件", en = "Filter", readonly, list)]
    pub query: String,
    #[field(zh = "行数", en = "Rows", readonly, list, sum)]
    pub rows: i64,
    pub stamp: Stamp,
}

const ACCESS_VIEWS: Views = views![
    people(
        "近 30 天，每人合计",
        "30 days by person",
        "created=last_30_days&group=user&sort=-created&columns=kind,created,user,entity,query,rows"
    ),
    lately("最近", "Lately", "sort=-created&columns=kind,created,user,entity,query,rows"),
];
