//! The people at a customer, its further addresses, and its relations to other customers.

use model::{Code, Custom, Date, Entity, Id, Result, Stamp, Tx, Views, views};

use super::{Customer, phone};

/// A person at a customer.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "联系人", en = "Contact", module = "customers", icon = "address-book", title = name, within = customer, feeds)]
#[entity(views = VIEWS, check = check)]
pub struct Contact {
    pub id: Id<Contact>,
    #[field(
        zh = "客户",
        en = "Customer",
        required,
        list,
        filter,
        alias = "客户名称|公司|公司名称|company|customer number"
    )]
    pub customer: Id<Customer>,
    #[field(zh = "姓名", en = "Name", required, search, list, format = Person, alias = "联系人|联系人姓名|contact name|full name")]
    pub name: String,
    #[field(zh = "职位", en = "Position", list, again, alias = "职务|title|job title")]
    pub position: Option<String>,
    #[field(zh = "手机", en = "Mobile", search, list, format = Phone, alias = "手机号|手机号码|cell")]
    pub mobile: Option<String>,
    #[field(zh = "电话", en = "Phone", search, list, format = Phone, alias = "联系电话|办公电话|座机|tel")]
    pub phone: Option<String>,
    #[field(zh = "邮箱", en = "E-mail", list, format = Email, alias = "电子邮箱|email")]
    pub email: Option<String>,
    #[field(zh = "微信", en = "WeChat", alias = "微信号|wechat")]
    pub wechat: Option<String>,
    #[field(zh = "生日", en = "Birthday", group = "private", alias = "出生日期|birth date")]
    pub birthday: Option<Date>,
    #[field(zh = "爱好", en = "Hobbies", group = "private", alias = "兴趣爱好")]
    pub hobbies: Option<String>,
    #[field(zh = "主要联系人", en = "Primary", list, filter, alias = "是否主要|首要联系人")]
    pub primary: bool,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub custom: Custom,
    pub stamp: Stamp,
}

const VIEWS: Views = views![
    all("全部联系人", "All contacts", ""),
    primary("主要联系人", "Primary contacts", "primary=true"),
    mine("我客户的联系人", "At my customers", "customer.owner=me"),
];

fn check(new: &mut Contact, old: Option<&Contact>, tx: &mut Tx) -> Result<()> {
    new.mobile = new.mobile.as_deref().map(phone::normalise).filter(|it| !it.is_empty());
    new.phone = new.phone.as_deref().map(phone::normalise).filter(|it| !it.is_empty());
    // One primary contact a customer: the last one that was named, else the first.
    let named = new.primary && old.is_none_or(|old| !old.primary || old.customer != new.customer);
    if !named && old.is_some() {
        return Ok(());
    }
    let others: Vec<Contact> = tx.find(&[("customer", (&new.customer).into())])?;
    new.primary |= others.is_empty();
    for mut other in others.into_iter().filter(|other| named && other.primary && other.id != new.id) {
        other.primary = false;
        tx.save(&mut other)?;
    }
    Ok(())
}

/// A further address of a customer: where goods or invoices go.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "地址", en = "Address", icon = "map-pin", of = customer, title = address)]
pub struct Address {
    pub id: Id<Address>,
    #[field(zh = "客户", en = "Customer", required)]
    pub customer: Id<Customer>,
    #[field(zh = "用途", en = "Purpose", list, again)]
    pub purpose: Option<String>,
    #[field(zh = "地区", en = "Region", code = "region", list)]
    pub region: Option<Code>,
    #[field(zh = "详细地址", en = "Address", required, list)]
    pub address: String,
    #[field(zh = "收件人", en = "Recipient", list)]
    pub recipient: Option<String>,
    #[field(zh = "电话", en = "Phone", list, format = Phone)]
    pub phone: Option<String>,
    pub stamp: Stamp,
}

/// How two customers hang together (CUS-29).
#[derive(Debug, Clone, Entity)]
#[entity(zh = "客户关系", en = "Relation", icon = "affiliate", of = customer, title = relation)]
pub struct Relation {
    pub id: Id<Relation>,
    #[field(zh = "客户", en = "Customer", required)]
    pub customer: Id<Customer>,
    #[field(zh = "关系", en = "Relation", code = "relation_type", required, list)]
    pub relation: Option<Code>,
    #[field(zh = "相关客户", en = "Other customer", required, list)]
    pub other: Id<Customer>,
    #[field(zh = "备注", en = "Remark", list)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}
