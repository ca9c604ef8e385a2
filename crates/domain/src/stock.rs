//! Products 商品: what we sell.

use model::{Code, Custom, Entity, Error, Id, Price, Rate, Result, Stamp, Tx, Views, views};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "商品", en = "Product", module = "stock", icon = "package", number = "SP-{5}", title = name)]
#[entity(views = VIEWS, check = check)]
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
    #[field(zh = "税率", en = "Tax rate", list, default = "0.13")]
    pub tax_rate: Rate,
    #[field(zh = "条码", en = "Barcode", search, alias = "条形码|ean")]
    pub barcode: Option<String>,
    #[field(zh = "在售", en = "Active", list, filter, default = "true", alias = "启用")]
    pub active: bool,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub custom: Custom,
    pub stamp: Stamp,
}

const VIEWS: Views = views![
    active("在售商品", "Active", "active=true"),
    all("全部商品", "All products", ""),
    inactive("已停售", "Inactive", "active=false"),
];

fn check(new: &mut Product, _: Option<&Product>, _: &mut Tx) -> Result<()> {
    if new.price < Price(0) {
        return Err(Error::invalid("price", "negative"));
    }
    if new.tax_rate < Rate(0) || new.tax_rate > Rate(10_000) {
        let says =
            model::Label { zh: "税率应在 0 到 100% 之间", en: "A tax rate is between 0 and 100 %" };
        return Err(Error::fault("tax_rate", "out_of_range", says));
    }
    Ok(())
}
