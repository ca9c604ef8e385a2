//! Rule values that a company sets for itself (SYS-17).

use model::{Kind, Label, ParameterDef};

const COMPANY: Label = Label { zh: "公司", en: "Company" };
const POOL: Label = Label { zh: "客户公海", en: "Customer pools" };
const MONEY: Label = Label { zh: "往来与放账", en: "Accounts and credit" };
const SECURITY: Label = Label { zh: "安全", en: "Security" };
const BACKUP: Label = Label { zh: "备份", en: "Backup" };

const fn text(
    name: &'static str,
    section: Label,
    zh: &'static str,
    en: &'static str,
    default: &'static str,
) -> ParameterDef {
    ParameterDef { name, label: Label { zh, en }, kind: Kind::Text, default, unit: None, section }
}

const fn whole(
    name: &'static str,
    section: Label,
    zh: &'static str,
    en: &'static str,
    default: &'static str,
    unit: Label,
) -> ParameterDef {
    ParameterDef { name, label: Label { zh, en }, kind: Kind::Int, default, unit: Some(unit), section }
}

const fn choice(
    name: &'static str,
    section: Label,
    zh: &'static str,
    en: &'static str,
    all: &'static [(&'static str, Label)],
) -> ParameterDef {
    let kind = Kind::Choice(all);
    ParameterDef { name, label: Label { zh, en }, kind, default: all[0].0, unit: None, section }
}

const SHORT: &[(&str, Label)] = &[
    ("warn", Label { zh: "放行并提醒", en: "Allow and warn" }),
    ("allow", Label { zh: "放行", en: "Allow" }),
    ("forbid", Label { zh: "拒绝", en: "Refuse" }),
];
const ATTRIBUTION: &[(&str, Label)] = &[
    ("maker", Label { zh: "算给做单的人", en: "For the salesperson of the document" }),
    ("owner", Label { zh: "算给负责客户的人", en: "For the customer's owner" }),
    ("split", Label { zh: "两人按比例分", en: "Split between both" }),
];

const PERCENT: Label = Label { zh: "%", en: "%" };
const CUSTOMERS: Label = Label { zh: "家", en: "customers" };
const MINUTES: Label = Label { zh: "分钟", en: "minutes" };
const O_CLOCK: Label = Label { zh: "点", en: "o'clock" };
const HOURS: Label = Label { zh: "小时", en: "hours" };
const ROWS: Label = Label { zh: "行", en: "rows" };
const DAYS: Label = Label { zh: "天", en: "days" };
const TIMES: Label = Label { zh: "次", en: "times" };
const MEGABYTES: Label = Label { zh: "MB", en: "MB" };
const COPIES: Label = Label { zh: "份", en: "copies" };

pub static PARAMETERS: &[ParameterDef] = &[
    text("company_name", COMPANY, "公司名称", "Company name", ""),
    text("company_short", COMPANY, "公司简称", "Short name", ""),
    text(
        "company_contact",
        COMPANY,
        "地址、电话、税号（印在单据抬头）",
        "Address, phone, tax number (on statements)",
        "",
    ),
    text("company_bank", COMPANY, "收款账户（印在对账单上）", "Account to pay into (on statements)", ""),
    text("currency", COMPANY, "本位币", "Currency", "CNY"),
    text("zone", COMPANY, "时区", "Time zone", "Asia/Shanghai"),
    text("fiscal_start", COMPANY, "会计年度开始（月-日）", "Fiscal year starts (month-day)", "01-01"),
    whole(
        "claim_held",
        POOL,
        "每人最多持有客户（0 为不限）",
        "Customers one person may hold (0: no limit)",
        "0",
        CUSTOMERS,
    ),
    whole(
        "claim_day",
        POOL,
        "每人每天最多领取（0 为不限）",
        "Claims a day and person (0: no limit)",
        "20",
        CUSTOMERS,
    ),
    text("closed_until", MONEY, "已结账到（含当日，空为没有）", "Books closed up to and including", ""),
    choice("negative_stock", MONEY, "库存不够时", "When stock falls short", SHORT),
    choice("attribution", MONEY, "业绩归属", "Sales count", ATTRIBUTION),
    whole(
        "attribution_owner",
        MONEY,
        "两人分时，负责客户的人占",
        "Share of the customer's owner in a split",
        "50",
        PERCENT,
    ),
    whole(
        "reserve_days",
        MONEY,
        "订单预留库存（0 为不限）",
        "An order reserves goods for (0: no end)",
        "0",
        DAYS,
    ),
    whole("release_days", MONEY, "放行默认有效", "A release lasts", "3", DAYS),
    whole("session_hours", SECURITY, "登录有效时间", "A sign-in lasts", "168", HOURS),
    whole("login_tries", SECURITY, "连续输错几次后锁定", "Wrong passwords until locked", "5", TIMES),
    whole("login_lock", SECURITY, "锁定时间", "Locked for", "15", MINUTES),
    whole(
        "export_rows",
        SECURITY,
        "每人每天最多带出：导出、打印、往下翻（0 为不限）",
        "Rows one person may take a day: export, print, reading on (0: no limit)",
        "0",
        ROWS,
    ),
    whole("import_mb", SECURITY, "导入文件最大", "Largest file to import", "500", MEGABYTES),
    whole(
        "check_name_hour",
        SECURITY,
        "每人每小时最多查重",
        "Duplicate checks an hour and person",
        "60",
        TIMES,
    ),
    whole("upload_mb", SECURITY, "附件最大", "Largest attachment", "20", MEGABYTES),
    whole("backup_hour", BACKUP, "每天自动备份的时间", "Daily backup at", "2", O_CLOCK),
    whole("backup_keep", BACKUP, "保留每日备份", "Daily backups kept", "14", COPIES),
];
