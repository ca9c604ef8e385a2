//! The business. The registry lists it in reading order.

pub mod code_tables;
pub mod crm;
pub mod demo;
pub mod document;
pub mod migrations;
pub mod parameters;
pub mod regions;
pub mod reports;
pub mod roles;
pub mod sales;
pub mod stock;

use model::{CodeDefault, CodeTable, Entity, EntityDef, Label, Module, Registry};

pub use crm::{Address, Contact, Customer, Relation};
pub use sales::{
    Allocation, CreditGrant, CreditRule, Receipt, Receivable, ReceivableOpening, Refund, Sale, SaleEntry,
    SaleLine, SaleOrder, SaleOrderLine, SaleReturn, SaleReturnLine,
};
pub use stock::{Product, StockEntry, StockIn, StockInLine, StockLevel, Warehouse};

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
    Receipt::DEF,
    Refund::DEF,
    ReceivableOpening::DEF,
    Receivable::DEF,
    Allocation::DEF,
    CreditRule::DEF,
    CreditGrant::DEF,
    Product::DEF,
    StockIn::DEF,
    StockInLine::DEF,
    StockEntry::DEF,
    StockLevel::DEF,
    Warehouse::DEF,
];

static MODULES: &[Module] = &[
    Module { code: "customers", icon: "users", label: Label { zh: "客户", en: "Customers" } },
    Module { code: "sales", icon: "file-invoice", label: Label { zh: "销售", en: "Sales" } },
    Module { code: "money", icon: "coin-yuan", label: Label { zh: "应收与信用", en: "Receivables" } },
    Module {
        code: "stock", icon: "packages", label: Label { zh: "商品和库存", en: "Products and stock" }
    },
    Module { code: "settings", icon: "settings", label: Label { zh: "设置", en: "Settings" } },
];

/// The folder `profiles/` at the project's root.
static PROFILES: &[(&str, &str)] = &[
    ("northwind", include_str!("../../../profiles/northwind.toml")),
    ("online-retail", include_str!("../../../profiles/online-retail.toml")),
];

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
    audits: &[sales::AUDITS, stock::AUDITS],
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
