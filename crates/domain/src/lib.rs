//! The business. The registry lists it in reading order.

pub mod code_tables;
pub mod crm;
pub mod demo;
pub mod document;
pub mod migrations;
mod moves;
pub mod parameters;
pub mod regions;
pub mod reports;
pub mod roles;
pub mod sales;
pub mod stock;

use model::{CodeDefault, CodeTable, Entity, EntityDef, Label, Module, OwnPage, Registry};

pub use crm::{Address, Contact, Customer, Relation};
pub use sales::{
    Allocation, BankLine, CashEntry, CashMove, CreditGrant, CreditRule, Performance, PriceList,
    PriceListLine, Receipt, Receivable, ReceivableOpening, Refund, Sale, SaleEntry, SaleLine, SaleOrder,
    SaleOrderLine, SaleReturn, SaleReturnLine, Statement, StatementLine,
};
pub use stock::{
    Product, StockCount, StockCountLine, StockEntry, StockIn, StockInLine, StockLevel, Warehouse, is_put_off,
    recalculate,
};

static ENTITIES: &[&EntityDef] = &[
    Customer::DEF,
    Contact::DEF,
    Address::DEF,
    Relation::DEF,
    SaleOrder::DEF,
    SaleOrderLine::DEF,
    Sale::DEF,
    SaleLine::DEF,
    SaleReturn::DEF,
    SaleReturnLine::DEF,
    SaleEntry::DEF,
    Performance::DEF,
    PriceList::DEF,
    PriceListLine::DEF,
    Receipt::DEF,
    Refund::DEF,
    ReceivableOpening::DEF,
    CashMove::DEF,
    Receivable::DEF,
    Allocation::DEF,
    CashEntry::DEF,
    Statement::DEF,
    StatementLine::DEF,
    BankLine::DEF,
    CreditRule::DEF,
    CreditGrant::DEF,
    Product::DEF,
    StockIn::DEF,
    StockInLine::DEF,
    StockCount::DEF,
    StockCountLine::DEF,
    StockEntry::DEF,
    StockLevel::DEF,
    Warehouse::DEF,
];

static MODULES: &[Module] = &[
    module("customers", "users", "客户", "Customers"),
    module("sales", "file-invoice", "销售", "Sales"),
    Module {
        pages: &[OwnPage {
            code: "settle",
            label: Label { zh: "核销台", en: "Settling" },
            of: || Receivable::DEF,
        }],
        ..module("money", "coin-yuan", "应收与信用", "Receivables")
    },
    module("stock", "packages", "商品和库存", "Products and stock"),
    module("settings", "settings", "设置", "Settings"),
];

/// The folder `profiles/` at the project's root.
static PROFILES: &[(&str, &str)] = &[
    ("northwind", include_str!("../../../profiles/northwind.toml")),
    ("online-retail", include_str!("../../../profiles/online-retail.toml")),
];

const fn module(code: &'static str, icon: &'static str, zh: &'static str, en: &'static str) -> Module {
    Module { code, icon, label: Label { zh, en }, pages: &[] }
}

pub static REGISTRY: Registry = Registry {
    entities: &[model::system::ENTITIES, ENTITIES],
    modules: MODULES,
    code_tables,
    short: regions::short,
    words: code_tables::WORDS,
    parameters: parameters::PARAMETERS,
    reports: reports::REPORTS,
    profiles: PROFILES,
    presets: roles::PRESETS,
    seed: |tx| {
        sales::seed(tx)?;
        stock::seed(tx)
    },
    audits: &[sales::AUDITS, sales::CASH_AUDITS, stock::AUDITS],
};

fn code_tables() -> Vec<CodeTable> {
    let entry = |it: &code_tables::Entry| CodeDefault {
        code: it.code,
        zh: it.zh,
        en: it.en,
        above: Some(it.parent).filter(|it| !it.is_empty()),
        mark: it.mark,
    };
    let table = |it: &code_tables::Table| CodeTable {
        code: it.code,
        label: Label { zh: it.zh, en: it.en },
        tree: it.tree,
        entries: it.entries.iter().map(entry).collect(),
    };
    code_tables::TABLES.iter().map(table).collect()
}
