//! Products 商品: what we sell, how much of it lies where, and what it cost us.

mod course;
mod ledger;
mod stock_count;
mod stock_in;

use model::{
    Code, Custom, Date, Entity, Error, FieldDef, Id, Kind, Label, Money, Price, Quantity, Rate, Result,
    Stamp, Tx, Views, views,
};

pub use course::{Change, forecast, is_put_off, recalculate};
pub use ledger::{
    AUDITS, Entry, Movement, Source, StockEntry, StockLevel, Warehouse, check_warehouse, enter, entry_of,
    main_warehouse, seed,
};
pub use stock_count::{StockCount, StockCountLine};
pub use stock_in::{StockIn, StockInLine};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "商品", en = "Product", module = "stock", icon = "package", number = "SP-{5}", title = name)]
#[entity(views = VIEWS, check = check, derived = DERIVED)]
pub struct Product {
    pub id: Id<Product>,
    #[field(
        zh = "编号",
        en = "Number",
        unique,
        search,
        list,
        alias = "商品编号|商品编码|货号|sku|product number|code"
    )]
    pub number: String,
    #[field(
        zh = "商品名称",
        en = "Name",
        required,
        search,
        list,
        alias = "名称|品名|货品|product|product name|productname"
    )]
    pub name: String,
    #[field(
        zh = "类别",
        en = "Category",
        code = "product_category",
        list,
        filter,
        again,
        alias = "商品类别|分类"
    )]
    pub category: Option<Code>,
    #[field(
        zh = "规格",
        en = "Spec",
        search,
        list,
        alias = "规格型号|型号|quantity per unit|quantityperunit"
    )]
    pub spec: Option<String>,
    #[field(zh = "单位", en = "Unit", code = "unit", list, again, alias = "计量单位")]
    pub unit: Option<Code>,
    /// The list price of one unit, tax included.
    #[field(
        zh = "标价",
        en = "Price",
        list,
        filter,
        alias = "单价|价格|售价|list price|unit price|unitprice"
    )]
    pub price: Price,
    /// Below it a line needs a release; who may know it is a matter of its own.
    #[field(zh = "最低限价", en = "Floor price", group = "floor", alias = "限价|最低价|最低售价|floor")]
    pub floor_price: Option<Price>,
    #[field(zh = "税率", en = "Tax rate", list, default = "0.13")]
    pub tax_rate: Rate,
    #[field(zh = "条码", en = "Barcode", search, alias = "条形码|ean")]
    pub barcode: Option<String>,
    #[field(zh = "在售", en = "Active", list, filter, default = "true", alias = "启用")]
    pub active: bool,
    /// Services and the like have no stock.
    #[field(zh = "管理库存", en = "Keep stock", filter, default = "true")]
    pub stocked: bool,
    #[field(zh = "库存", en = "In stock", readonly, list, filter, behind = "stock_entry")]
    pub stock: Quantity,
    /// What the stock cost; the average of one unit follows from it.
    #[field(zh = "库存金额", en = "Stock value", readonly, sum, group = "cost")]
    pub stock_value: Money,
    /// The latest day on which any of it moved.
    #[field(zh = "最近出入库", en = "Last moved", readonly)]
    pub moved: Option<Date>,
    /// Its cost from this day on is being reckoned anew, and unknown meanwhile.
    #[field(zh = "成本重算自", en = "Cost being reckoned from", readonly, filter)]
    pub recalculating: Option<Date>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub custom: Custom,
    pub stamp: Stamp,
}

static DERIVED: &[FieldDef] = &[
    FieldDef {
        name: "reserved",
        label: Label { zh: "已预留", en: "Reserved" },
        kind: Kind::Quantity,
        sql: crate::sales::RESERVED,
        ..FieldDef::DERIVED
    },
    // What nobody has asked for yet.
    FieldDef {
        name: "available",
        label: Label { zh: "可用库存", en: "Available" },
        kind: Kind::Quantity,
        list: true,
        sql: crate::sales::AVAILABLE,
        ..FieldDef::DERIVED
    },
    FieldDef {
        name: "cost",
        label: Label { zh: "平均成本", en: "Average cost" },
        kind: Kind::Price,
        group: Some("cost"),
        sql: "CASE WHEN {t}.stock > 0 AND {t}.recalculating IS NULL THEN {t}.stock_value * 1000000 / {t}.stock END",
        ..FieldDef::DERIVED
    },
];

const VIEWS: Views = views![
    active("在售商品", "Active", "active=true"),
    all("全部商品", "All products", ""),
    in_stock("有库存", "In stock", "stock>0"),
    short("负库存", "Below zero", "stock<0", remind),
    inactive("已停售", "Inactive", "active=false"),
];

fn check(new: &mut Product, _: Option<&Product>, _: &mut Tx) -> Result<()> {
    if new.price < Price(0) {
        return Err(Error::invalid("price", "negative"));
    }
    if new.floor_price.is_some_and(|it| it < Price(0)) {
        return Err(Error::invalid("floor_price", "negative"));
    }
    if new.tax_rate < Rate(0) || new.tax_rate > Rate(10_000) {
        let says =
            model::Label { zh: "税率应在 0 到 100% 之间", en: "A tax rate is between 0 and 100 %" };
        return Err(Error::fault("tax_rate", "out_of_range", says));
    }
    Ok(())
}
