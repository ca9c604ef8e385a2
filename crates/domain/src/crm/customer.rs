//! Customers 客户: the companies and people we sell to, or hope to.

use model::{
    Alike, Choice, Code, Custom, Date, Entity, Error, Id, Label, Money, Result, Sql, Stamp, Tx, Value, Verbs,
    Views, refuse, system::Department, system::User, verbs, views,
};

use super::name::core_name;
use super::tax_number::{self, Verdict};
use super::{Contact, phone};
use crate::sales::{DERIVED, Ending, Grant, LEVELS, end_temporary, file, grant_temporary, groups};

mod verb;

use verb::{Blacklist, Close, Credit, Merge, Release, Transfer};
use verb::{blacklist, claim, close, merge, register, release, reopen, set_credit, transfer, unblacklist};

/// A company or person that buys from us, or may one day.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "客户", en = "Customer", module = "customers", icon = "users", number = "KH-{6}", title = name)]
#[entity(owner = owner, department = department, tree = parent, closed = closed)]
#[entity(verbs = VERBS, views = VIEWS, check = check, alike = alike, derived = DERIVED, panel = file)]
pub struct Customer {
    pub id: Id<Customer>,
    #[field(
        zh = "编号",
        en = "Number",
        unique,
        search,
        section("基本信息", "Basics"),
        alias = "客户编号|客户编码|客户代码|代码|customer id|customerid|customer number|code"
    )]
    pub number: String,
    #[field(
        zh = "客户名称",
        en = "Name",
        required,
        search,
        list,
        like,
        alias = "名称|公司名称|客户全称|单位名称|企业名称|公司|姓名|company|company name|companyname|customer name|store name"
    )]
    pub name: String,
    #[field(zh = "简称", en = "Short name", search, list, like, alias = "客户简称|公司简称|别名|alias")]
    pub short_name: Option<String>,
    #[field(zh = "性质", en = "Kind", filter)]
    pub kind: Kind,
    #[field(zh = "类型", en = "Type", code = "customer_type", filter, alias = "客户类型|客户类别|category")]
    pub r#type: Option<Code>,
    #[field(zh = "等级", en = "Class", list, filter, default = "C", alias = "客户等级|级别|rating")]
    pub class: Grade,
    #[field(zh = "阶段", en = "Stage", list, filter, alias = "客户阶段")]
    pub stage: Stage,
    #[field(zh = "状态", en = "Status", code = "customer_status", filter, alias = "客户状态")]
    pub status: Option<Code>,
    #[field(zh = "渠道", en = "Channel", code = "channel", filter)]
    pub channel: Option<Code>,
    #[field(zh = "来源", en = "Source", code = "source", filter, alias = "客户来源|获取方式")]
    pub source: Option<Code>,
    #[field(zh = "重点客户", en = "Key account", filter)]
    pub key: bool,
    #[field(zh = "上级客户", en = "Parent", alias = "母公司|集团")]
    pub parent: Option<Id<Customer>>,
    #[field(
        zh = "业务员",
        en = "Owner",
        list,
        filter,
        section("归属", "Who looks after it"),
        alias = "负责人|销售员|销售|业务经理|客户经理|salesperson|sales rep|account manager"
    )]
    pub owner: Option<Id<User>>,
    #[field(zh = "客户归属", en = "Pool", code = "pool", filter, alias = "公海|归属")]
    pub pool: Option<Code>,
    #[field(zh = "部门", en = "Department", filter, alias = "所属部门")]
    pub department: Option<Id<Department>>,
    #[field(
        zh = "行业",
        en = "Industry",
        code = "industry",
        list,
        filter,
        section("联系方式", "Contact details"),
        alias = "所属行业|sector"
    )]
    pub industry: Option<Code>,
    #[field(
        zh = "国家和地区",
        en = "Country",
        code = "country",
        filter,
        default = "CN",
        alias = "国家|country"
    )]
    pub country: Option<Code>,
    #[field(
        zh = "地区",
        en = "Region",
        code = "region",
        format = Path,
        list,
        filter,
        alias = "省市区|所在地|所在地区|城市|城区"
    )]
    pub region: Option<Code>,
    #[field(zh = "地址", en = "Address", alias = "公司地址|详细地址|通讯地址|address line")]
    pub address: Option<String>,
    #[field(zh = "电话", en = "Phone", search, filter, like, format = Phone, alias = "联系电话|公司电话|手机|手机号|固定电话|tel|telephone|mobile")]
    pub phone: Option<String>,
    #[field(zh = "邮箱", en = "E-mail", format = Email, alias = "电子邮箱|电子邮件|email")]
    pub email: Option<String>,
    #[field(zh = "网址", en = "Website", format = Url, alias = "网站|主页|homepage|url")]
    pub website: Option<String>,
    #[field(
        zh = "税号",
        en = "Tax number",
        search,
        filter,
        like,
        section("开票与经营", "Invoicing and business"),
        alias = "统一社会信用代码|信用代码|纳税人识别号|社会信用代码|vat number|tax id"
    )]
    pub tax_number: Option<String>,
    #[field(zh = "税号核对", en = "Tax number check", readonly, filter)]
    pub tax_check: TaxCheck,
    #[field(zh = "开户行", en = "Bank", group = "bank", alias = "开户银行|bank name|bankname")]
    pub bank_name: Option<String>,
    #[field(zh = "账号", en = "Bank account", group = "bank", alias = "银行账号|银行帐号|帐号")]
    pub bank_account: Option<String>,
    #[field(
        zh = "支付方式",
        en = "Payment method",
        code = "payment_method",
        filter,
        alias = "付款方式|结算方式"
    )]
    pub payment_method: Option<Code>,
    #[field(zh = "规模", en = "Size", code = "size", filter, alias = "规模大小|人员规模")]
    pub size: Option<Code>,
    #[field(zh = "经营范围", en = "Business scope", format = Long)]
    pub business_scope: Option<String>,
    #[field(zh = "需求与偏好", en = "Needs", format = Long, alias = "客户需求|喜好|需求")]
    pub needs: Option<String>,
    #[field(
        zh = "信用等级",
        en = "Credit grade",
        readonly,
        filter,
        group = "credit",
        default = "C",
        section("信誉", "Credit")
    )]
    pub credit_grade: Grade,
    /// Days between a sale and the day its money is due. A new customer has none.
    #[field(zh = "放账期限", en = "Credit term", unit = "day", readonly, group = "credit")]
    pub credit_days: i64,
    #[field(zh = "账期算法", en = "Term counts", readonly, group = "credit")]
    pub credit_term: Term,
    #[field(zh = "每月付款日", en = "Day of payment", readonly, group = "credit")]
    pub credit_day: Option<i64>,
    #[field(zh = "放账额度", en = "Credit limit", readonly, sum, filter, group = "credit")]
    pub credit_limit: Money,
    /// What the customer and all below it may owe together.
    #[field(zh = "集团额度", en = "Limit of the group", readonly, group = "credit")]
    pub group_limit: Option<Money>,
    /// What all posted documents make the customer owe; a minus is paid in advance.
    #[field(zh = "余额", en = "Balance", readonly, list, sum, filter, group = "credit")]
    pub balance: Money,
    /// What is checked and not yet posted.
    #[field(zh = "已审未过账", en = "Checked, not posted", readonly, sum, group = "credit")]
    pub pending: Money,
    #[field(zh = "黑名单", en = "Blacklisted", readonly, filter, group = "credit")]
    pub blacklisted: bool,
    #[field(zh = "列入原因", en = "Blacklisted because", readonly, group = "credit")]
    pub blacklist_reason: Option<String>,
    #[field(zh = "列入日期", en = "Blacklisted on", readonly, group = "credit")]
    pub blacklisted_on: Option<Date>,
    #[field(zh = "移出日期", en = "Taken off on", readonly, group = "credit")]
    pub unlisted_on: Option<Date>,
    #[field(zh = "备注", en = "Remark", format = Long, section("其他", "Other"), alias = "说明|remarks|note|notes|comments")]
    pub remark: Option<String>,
    #[field(zh = "登记", en = "Registration", readonly, filter)]
    pub registration: Registration,
    /// How many items of the collection form are still empty.
    #[field(zh = "缺项", en = "Missing items", readonly, filter)]
    pub missing: i64,
    #[field(zh = "已关闭", en = "Closed", readonly, filter)]
    pub closed: bool,
    #[field(zh = "关闭原因", en = "Reason for closing", code = "close_reason", readonly)]
    pub close_reason: Option<Code>,
    #[field(zh = "已并入", en = "Merged into", readonly)]
    pub merged_into: Option<Id<Customer>>,
    /// The name without legal form and region, by which near duplicates are found.
    #[field(zh = "核心名称", en = "Core name", readonly, filter, format = Hidden)]
    pub core: String,
    pub custom: Custom,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Kind {
    #[choice(zh = "公司", en = "Company")]
    Company,
    #[choice(zh = "个人", en = "Person")]
    Person,
}

/// From when the days of a credit term count.
#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Term {
    #[choice(zh = "从单据日期起", en = "From the document's date")]
    Days,
    #[choice(zh = "从月末起（月结）", en = "From the end of the month")]
    MonthEnd,
    #[choice(zh = "到期后的每月付款日", en = "To the next day of payment")]
    MonthDay,
}

/// Importance, or credit worthiness: A is best.
#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Grade {
    #[choice(zh = "A", en = "A", code = "A")]
    A,
    #[choice(zh = "B", en = "B", code = "B")]
    B,
    #[choice(zh = "C", en = "C", code = "C")]
    C,
    #[choice(zh = "D", en = "D", code = "D")]
    D,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Stage {
    #[choice(zh = "潜在", en = "Potential")]
    Potential,
    #[choice(zh = "新客户", en = "New")]
    New,
    #[choice(zh = "熟客户", en = "Familiar")]
    Familiar,
    #[choice(zh = "老客户", en = "Old")]
    Old,
    #[choice(zh = "流失", en = "Lost")]
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum TaxCheck {
    #[choice(zh = "未填", en = "Empty")]
    Empty,
    #[choice(zh = "正确", en = "Valid")]
    Valid,
    #[choice(zh = "旧式号码", en = "Old form")]
    Old,
    #[choice(zh = "校验不符", en = "Wrong")]
    Wrong,
}

/// Whether the information clerk has taken the customer into the register (CUS-22).
#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Registration {
    #[choice(zh = "已登记", en = "Registered")]
    Registered,
    #[choice(zh = "待登记", en = "Handed in")]
    HandedIn,
}

const VERBS: Verbs<Customer> = verbs![
    transfer("转移", "Transfer", asks Transfer, when |it| !it.closed, else "客户已关闭" "The customer is closed"),
    claim("领取", "Claim", when |it| it.owner.is_none() && !it.closed, else "客户不在公海里" "Not in the pool", is sight),
    release("放入公海", "Return to pool", asks Release, when |it| it.owner.is_some(), else "客户已在公海" "Already in the pool"),
    register("登记", "Register", when |it| it.registration == Registration::HandedIn, else "客户已经登记" "Registered already"),
    set_credit("调整信用", "Set credit", asks Credit, needs "credit"),
    grant_temporary("临时额度", "Temporary limit", asks Grant, needs "credit"),
    end_temporary("结束临时额度", "End the temporary limit", asks Ending, needs "credit"),
    blacklist("列入黑名单", "Blacklist", asks Blacklist, when |it| !it.blacklisted, else "客户已在黑名单" "Blacklisted already", needs "credit"),
    unblacklist("移出黑名单", "Take off the blacklist", asks Blacklist, when |it| it.blacklisted, else "客户不在黑名单" "Not blacklisted", needs "credit"),
    merge("合并", "Merge", asks Merge, when |it| it.merged_into.is_none(), else "客户已被合并" "Merged already"),
    close("关闭", "Close", asks Close, when |it| !it.closed, else "客户已关闭" "Closed already"),
    reopen("重新启用", "Reopen", when |it| it.closed && it.merged_into.is_none(), else "客户没有关闭，或已并入别的客户" "Not closed, or merged into another", needs "close"),
];

const VIEWS: Views = views![
    mine("我的客户", "My customers", "owner=me&closed=false"),
    all("全部客户", "All customers", "closed=false"),
    followed("我关注的", "I follow", "follower=me"),
    pool("客户公海", "Pool", "owner=none&closed=false"),
    key("重点客户", "Key accounts", "or=(key=true%26class=A)&closed=false"),
    handed_in("待登记", "To register", "registration=handed_in&closed=false" => register, remind),
    overdue("逾期客户", "Overdue", "overdue>0", remind, urgent),
    over_limit("超额度", "Over the limit", "available<0&exposure>0", remind),
    near_limit("额度将满", "Near the limit", "used=80..100&available=0..", remind),
    late_twice("两次以上超期", "Late twice or more", "lapses=2..", remind),
    blacklisted("黑名单", "Blacklisted", "blacklisted=true&columns=name,owner,balance,overdue,blacklist_reason,blacklisted_on"),
    incomplete("资料不全", "Incomplete files", "missing>0&closed=false", remind),
    wrong_tax("税号待核", "Tax numbers to check", "tax_check=wrong&closed=false", remind),
    recent("本月新增", "New this month", "created=this_month"),
    closed("已关闭", "Closed", "closed=true"),
];

/// Completes what follows from other fields, and refuses what can't be.
fn check(new: &mut Customer, old: Option<&Customer>, tx: &mut Tx) -> Result<()> {
    new.core = core_name(&new.name);
    new.tax_number = new.tax_number.as_deref().map(tax_number::normalise).filter(|it| !it.is_empty());
    new.tax_check = match new.tax_number.as_deref().map(tax_number::check) {
        None => TaxCheck::Empty,
        Some(Verdict::Valid) => TaxCheck::Valid,
        Some(Verdict::Old) => TaxCheck::Old,
        Some(Verdict::Wrong(_)) => TaxCheck::Wrong,
        Some(Verdict::Damaged) => {
            let says = Label {
                zh: "这个税号被 Excel 改成了科学计数，后几位已经丢失；请把原单元格设为文本后重新填写",
                en: "Excel turned this tax number into a rounded figure; its last digits are lost. Set the cell to text and enter it again",
            };
            return Err(Error::fault("tax_number", "damaged_number", says));
        }
    };
    new.phone = new.phone.as_deref().map(phone::normalise).filter(|it| !it.is_empty());
    new.missing = missing(new);
    if old.is_some_and(|old| old.parent != new.parent) {
        check_above(new, tx)?;
    }
    // Nobody leaves a group to get around its limit.
    let left = old.filter(|old| old.parent != new.parent).and_then(|old| old.parent);
    if let Some(parent) = left.filter(|_| !tx.actor_can(Customer::DEF, "credit")) {
        check_group(parent, tx)?;
    }
    if old.is_none() && !tx.actor_can(Customer::DEF, "register") {
        new.registration = Registration::HandedIn;
    }
    // The department follows the owner; a customer in a pool keeps the last one.
    if let Some(owner) = new.owner.filter(|owner| old.is_none_or(|old| old.owner != Some(*owner))) {
        new.department = tx.catalog.department_of(owner.0).map(Id::of).or(new.department);
    }
    Ok(())
}

/// Refuses a parent that stands below the customer itself.
fn check_above(it: &Customer, tx: &mut Tx) -> Result<()> {
    let (mut above, mut levels) = (it.parent, 0);
    while let Some(id) = above.filter(|_| levels < LEVELS) {
        if id == it.id {
            let says = Label {
                zh: "上级客户不能是自己，也不能是自己下级的客户",
                en: "A customer's parent is neither itself nor anyone below it",
            };
            return Err(Error::fault("parent", "cycle", says));
        }
        (above, levels) = (tx.get(id)?.parent, levels + 1);
    }
    Ok(())
}

/// Refuses to leave a group that shares a limit.
fn check_group(parent: Id<Customer>, tx: &mut Tx) -> Result<()> {
    let parent = tx.get(parent)?;
    if groups(tx, &parent)?.is_empty() {
        return Ok(());
    }
    let says = Label {
        zh: "集团有共用的放账额度，改上级客户要有调整信用的权限",
        en: "The group shares a credit limit; changing the parent takes the right to set credit",
    };
    Err(Error::fault("parent", "shared_limit", says))
}

/// The items of the collection form (CUS-32) that are still empty.
fn missing(it: &Customer) -> i64 {
    let company = it.kind == Kind::Company && it.country.as_ref().is_none_or(|code| code.0 == "CN");
    let empty = [
        company && it.tax_number.is_none(),
        company && it.industry.is_none(),
        it.r#type.is_none(),
        it.region.is_none() && it.country.as_ref().is_none_or(|code| code.0 == "CN"),
        it.address.is_none(),
        it.phone.is_none(),
    ];
    empty.into_iter().filter(|it| *it).count() as i64
}

/// Customers that may be the same: by name without legal form and region, short name, tax number, phone.
fn alike(it: &Customer, tx: &mut Tx) -> Result<Vec<Alike>> {
    let core = core_name(&it.name);
    let short = it.short_name.clone().filter(|it| !it.is_empty());
    let tax = it.tax_number.as_deref().map(tax_number::normalise).filter(|it| !it.is_empty());
    let phone = it.phone.as_deref().map(phone::normalise).filter(|it| it.len() >= 7);
    // A union, so that each part uses the index of its own column.
    let mut sql = Sql::default();
    let mut either = |column: &str, value: &Option<String>| {
        if let Some(value) = value {
            sql.push(if sql.is_empty() { "" } else { " UNION ALL " });
            sql.push("SELECT id, core, short_name, tax_number, phone, merged_into FROM customer WHERE ");
            sql.name(column).push(" = ").bind(value.as_str());
        }
    };
    either("core", &Some(core.clone()).filter(|it| !it.is_empty()));
    either("short_name", &short);
    either("core", &short);
    either("tax_number", &tax);
    either("phone", &phone);
    if sql.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = tx.rows(&sql)?;
    rows.retain(|row| row[0].int() != it.id.0 && row[5] == Value::Null);
    rows.sort_by_key(|row| row[0].int());
    rows.dedup_by_key(|row| row[0].int());
    rows.truncate(20);
    let same = |cell: &Value, mine: &Option<String>| mine.as_deref().is_some_and(|mine| cell.text() == mine);
    let found = rows.iter().map(|row| {
        let field = match row {
            row if same(&row[3], &tax) => "tax_number",
            row if row[1].text() == core || same(&row[1], &short) => "name",
            row if same(&row[2], &short) => "short_name",
            _ => "phone",
        };
        Alike { id: row[0].int(), field }
    });
    Ok(found.collect())
}

impl Customer {
    /// The contact to ask for first.
    pub fn first_contact(&self, tx: &mut Tx) -> Result<Option<Contact>> {
        let mut contacts: Vec<Contact> = tx.find(&[("customer", (&self.id).into())])?;
        contacts.sort_by_key(|it| !it.primary);
        Ok(contacts.into_iter().next())
    }
}

fn limit(tx: &Tx, parameter: &str) -> Option<i64> {
    Some(tx.catalog.number(parameter)).filter(|limit| *limit > 0)
}

/// A salesperson may hold and claim only so many customers (CLS-10, 11).
fn check_claim(tx: &mut Tx) -> Result<()> {
    if let Some(most) = limit(tx, "claim_held") {
        let mut sql = Sql::new("SELECT COUNT(*) FROM customer WHERE owner = ");
        sql.bind(tx.user).push(" AND closed = 0");
        if tx.one(&sql)? >= most {
            refuse!("claim_limit", "你名下的客户已达上限，先放回一些再领取" "You hold as many customers as you may; return some first");
        }
    }
    if let Some(most) = limit(tx, "claim_day") {
        let mut sql = Sql::new(
            "SELECT COUNT(*) FROM event WHERE entity = 'customer' AND kind = 'claim' AND \"user\" = ",
        );
        sql.bind(tx.user).push(" AND at >= ").bind(&tx.day_start());
        if tx.one(&sql)? >= most {
            refuse!("claim_limit", "今天领取的客户已达上限，明天再来" "You have claimed as many customers as you may today");
        }
    }
    Ok(())
}
