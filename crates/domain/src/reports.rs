//! The reports 报表: what was sold, what it earned, what is owed and for how long, whose customers are alive.

use model::{Age, Dimension, Entity, FieldDef, Holders, Kind, Label, Measure, Of, Only, ReportDef};

use crate::sales::receivable;
use crate::{CashEntry, Customer, Performance, Receipt, Receivable, SaleEntry};

pub static REPORTS: &[&ReportDef] = &[&SALES, &MARGIN, &PERFORMANCE, &RECEIPTS, &AGEING, &CASH, &ACTIVITY];

const fn by(name: &'static str, path: &'static str) -> Dimension {
    Dimension { name, path }
}

const fn measure(name: &'static str, zh: &'static str, en: &'static str, kind: Kind, of: Of) -> Measure {
    Measure {
        field: FieldDef { name, label: Label { zh, en }, kind, ..FieldDef::PLAIN },
        of,
        only: Only::All,
    }
}

const QUANTITY: Measure = measure("quantity", "数量", "Quantity", Kind::Quantity, Of::Sum("quantity"));
const AMOUNT: Measure = measure("amount", "金额", "Amount", Kind::Money, Of::Sum("amount"));
const TAX: Measure = measure("tax", "税额", "Tax", Kind::Money, Of::Sum("tax"));

/// By whom and what a line of the account of sales is told apart.
const TRADE: &[Dimension] = &[
    by("customer", "customer"),
    by("product", "product"),
    by("category", "product.category"),
    by("salesperson", "salesperson"),
    by("customer_owner", "customer_owner"),
    by("department", "department"),
    by("class", "customer.class"),
    by("region", "customer.region"),
    by("industry", "customer.industry"),
];

/// What was sold, without what came back or was reversed (SAL-13).
static SALES: ReportDef = ReportDef {
    code: "sales",
    label: Label { zh: "销售汇总", en: "Sales" },
    module: "sales",
    fact: SaleEntry::DEF,
    date: "date",
    dimensions: TRADE,
    measures: &[
        AMOUNT,
        QUANTITY,
        TAX,
        measure("kinds", "品种", "Kinds", Kind::Int, Of::Distinct("product")),
        measure("customers", "客户数", "Customers", Kind::Int, Of::Distinct("customer")),
        measure("lines", "行数", "Lines", Kind::Int, Of::Count),
    ],
    group: "customer",
    shown: "amount,quantity,tax",
    swift: &["customer", "product", "salesperson", "date"],
    ..ReportDef::PLAIN
};

/// What sales earned beyond what the goods cost (RPT-06). What has no known cost counts on neither side.
static MARGIN: ReportDef = ReportDef {
    code: "margin",
    label: Label { zh: "毛利分析", en: "Margin" },
    module: "sales",
    fact: SaleEntry::DEF,
    date: "date",
    dimensions: TRADE,
    measures: &[
        measure("margin", "毛利", "Margin", Kind::Money, Of::Sum("margin")),
        AMOUNT,
        TAX,
        measure("cost", "成本", "Cost", Kind::Money, Of::Sum("cost")),
        measure("net", "不含税金额", "Net amount", Kind::Money, Of::Sum("net")),
        measure("rate", "毛利率", "Margin rate", Kind::Rate, Of::Ratio("margin", "net")),
        QUANTITY,
        Measure {
            only: Only::Where("cost=none"),
            ..measure("unknown", "成本未知", "Cost unknown", Kind::Money, Of::Sum("amount"))
        },
    ],
    group: "customer",
    shown: "amount,cost,margin,rate",
    swift: &["customer", "product", "salesperson", "date"],
    ..ReportDef::PLAIN
};

/// For whom sales count, by the rule of their day (CLS-16).
static PERFORMANCE: ReportDef = ReportDef {
    code: "performance",
    label: Label { zh: "业绩", en: "Performance" },
    module: "sales",
    fact: Performance::DEF,
    date: "date",
    dimensions: &[by("salesperson", "user"), by("department", "department"), by("customer", "customer")],
    measures: &[
        AMOUNT,
        TAX,
        measure("margin", "毛利", "Margin", Kind::Money, Of::Sum("margin")),
        measure("customers", "客户数", "Customers", Kind::Int, Of::Distinct("customer")),
    ],
    group: "salesperson",
    shown: "amount,margin,customers",
    ..ReportDef::PLAIN
};

const fn aged(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    from: Option<i32>,
    to: Option<i32>,
) -> Measure {
    Measure {
        only: Only::Aged("payable", from, to, "amount>0"),
        ..measure(name, zh, en, Kind::Money, Of::Sum("rest"))
    }
}

/// What came in, without what was reversed.
static RECEIPTS: ReportDef = ReportDef {
    code: "receipts",
    label: Label { zh: "回款", en: "Receipts" },
    module: "money",
    fact: Receipt::DEF,
    only: "status=posted&reverses=none",
    date: "date",
    dimensions: &[
        by("customer", "customer"),
        by("salesperson", "customer.owner"),
        by("method", "method"),
        by("account", "account"),
        by("class", "customer.class"),
        by("region", "customer.region"),
    ],
    measures: &[
        AMOUNT,
        measure("customers", "客户数", "Customers", Kind::Int, Of::Distinct("customer")),
        measure("receipts", "笔数", "Receipts", Kind::Int, Of::Count),
    ],
    group: "customer",
    shown: "amount,receipts",
    ..ReportDef::PLAIN
};

/// What is to be paid may be told apart by its due date, and what is owed by the date of its document (RPT-12).
const AGES: &[Age] = &[
    Age {
        name: "due",
        label: Label { zh: "按到期日", en: "By due date" },
        field: "payable",
        of: "rest",
        also: "amount>0",
        ahead: Some(Label { zh: "未到期", en: "Not due" }),
        part: Label { zh: "过期 {} 天", en: "{} days late" },
        last: Label { zh: "过期 {} 天以上", en: "Over {} days late" },
    },
    Age {
        name: "date",
        label: Label { zh: "按单据日期", en: "By the document's date" },
        field: "date",
        of: "rest",
        also: "amount>0",
        ahead: None,
        part: Label { zh: "账龄 {} 天", en: "{} days old" },
        last: Label { zh: "账龄 {} 天以上", en: "Over {} days old" },
    },
];

/// What is owed, by how long it is overdue or how old it is, at the end of any day (RPT-12).
static AGEING: ReportDef = ReportDef {
    code: "ageing",
    label: Label { zh: "应收账龄", en: "Ageing" },
    module: "money",
    fact: Receivable::DEF,
    only: "date=..today",
    behind: "rest!=0",
    // What nothing had paid by the day, which an index tells alone, and what something had paid in part.
    parts: Some((
        "rest",
        &[
            (
                "{t}.amount",
                "receivable {t} WHERE ({t}.settled IS NULL OR {t}.settled > {today}) \
                 AND ({t}.met IS NULL OR {t}.met > {today})",
            ),
            (
                receivable::REST,
                "receivable {t} WHERE ({t}.settled IS NULL OR {t}.settled > {today}) AND {t}.met <= {today}",
            ),
        ],
    )),
    dimensions: &[
        by("customer", "customer"),
        by("salesperson", "salesperson"),
        by("class", "customer.class"),
        by("region", "customer.region"),
        by("kind", "kind"),
    ],
    measures: &[
        measure("balance", "余额", "Balance", Kind::Money, Of::Sum("rest")),
        aged("not_due", "未到期", "Not due", None, Some(0)),
        aged("d1_30", "过期 1–30 天", "1–30 days late", Some(1), Some(30)),
        aged("d31_60", "31–60 天", "31–60", Some(31), Some(60)),
        aged("d61_90", "61–90 天", "61–90", Some(61), Some(90)),
        aged("d90", "90 天以上", "Over 90", Some(91), None),
        Measure {
            only: Only::Where("amount<0"),
            ..measure("advance", "预收未核销", "Unused credit", Kind::Money, Of::Sum("rest"))
        },
    ],
    ages: AGES,
    group: "customer",
    shown: "balance,not_due,d1_30,d31_60,d61_90,d90,advance",
    columns: "customer,date,kind,sale,due,amount,rest",
    ..ReportDef::PLAIN
};

/// What is in each account of the house at the end of any day (FIN-18).
static CASH: ReportDef = ReportDef {
    code: "cash",
    label: Label { zh: "资金余额", en: "Cash balances" },
    module: "money",
    fact: CashEntry::DEF,
    only: "date=..today",
    dimensions: &[by("account", "account"), by("kind", "kind"), by("customer", "customer")],
    measures: &[
        measure("balance", "余额", "Balance", Kind::Money, Of::Sum("amount")),
        Measure {
            only: Only::Where("amount>0"),
            ..measure("in", "收入", "In", Kind::Money, Of::Sum("amount"))
        },
        Measure {
            only: Only::Where("amount<0"),
            ..measure("out", "支出", "Out", Kind::Money, Of::Sum("amount"))
        },
        measure("entries", "笔数", "Entries", Kind::Int, Of::Count),
    ],
    group: "account",
    shown: "balance",
    columns: "account,date,kind,customer,receipt,refund,cash_move,amount,balance",
    ..ReportDef::PLAIN
};

/// How many of a salesperson's customers bought something in the month, whoever served them (CLS-12 to 14). Nobody's
/// customers count for the company alone.
static ACTIVITY: ReportDef = ReportDef {
    code: "activity",
    label: Label { zh: "客户活跃率", en: "Active customers" },
    module: "sales",
    fact: SaleEntry::DEF,
    date: "date",
    dimensions: &[by("salesperson", "customer_owner"), by("department", "customer_owner.department")],
    measures: &[
        measure("rate", "活跃率", "Active rate", Kind::Rate, Of::Ratio("active", "customers")),
        Measure {
            only: Only::Where("effective=true"),
            ..measure("active", "有成交客户", "Active", Kind::Int, Of::Active("customer"))
        },
        measure("customers", "负责客户", "Customers", Kind::Int, Of::Standing),
    ],
    group: "salesperson",
    shown: "active,customers,rate",
    period: "this_month",
    holders: Some(Holders {
        of: Customer::DEF,
        owner: "owner",
        link: "customer",
        dimension: "customer_owner",
        department: "customer_owner.department",
    }),
    ..ReportDef::PLAIN
};
