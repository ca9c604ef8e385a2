//! The roles that the catalogue names (table 2a), as presets that a company edits to its liking.

use model::{Label, Preset};

const fn preset(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    remark: Label,
    grants: &'static [&'static str],
) -> Preset {
    Preset { code, label: Label { zh, en }, remark, grants }
}

const fn says(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

const PEOPLE: &str = "user: read @all/none; department: read @all/none";
const PRODUCTS: &str = "product: read export @all/none; warehouse,stock_level,stock_entry: read @all/none";
const BUYING: &str = "product: * @all cost=write floor=read; warehouse: * @all; stock_in,stock_count: * @all cost=write; stock_level: read export @all; stock_entry: read export @all cost=read";
/// What a customer owes is seen by whoever sees the customer.
const ACCOUNTS: &str = "receipt,refund,receivable_opening,receivable,allocation,credit_grant: read @own; statement: read create update delete issue send @own";
const ALL_ACCOUNTS: &str =
    "receipt,refund,receivable_opening,receivable,allocation,credit_grant,statement: read export @all";
const SELLING: &str = "sale: read create update delete export check post post_paid void reverse release_credit @below credit=read cost=read; sale_order: read create update delete export check deliver void release_credit @below credit=read; \
     sale_return: read create update delete export post return_freely reverse @below cost=read; sale_entry,performance: read export @below cost=read";
/// Who sells sees the lists for everybody and for the customers within sight.
const PRICES: &str = "price_list: read @own";
const FLOORS: &str = "product: read export @all/none floor=read";
const PRICING: &str = "price_list: * @below";
const OWN_TOKEN: &str = "token: read create update @own";

pub static PRESETS: &[Preset] = &[
    preset("owner", "老板", "Owner", says("看见并能做一切", "Sees and may do everything"), &["*"]),
    preset(
        "administrator",
        "管理员",
        "Administrator",
        says("用户、角色、代码、备份；看不到业务数据", "Users, roles, codes, backup; no business data"),
        &[
            "user: * @all account=write",
            "department,role,code_entry,parameter,custom_field,number_rule,token,job,import_batch: * @all",
            "access: read export @all",
        ],
    ),
    preset(
        "information_clerk",
        "信息管理员",
        "Information clerk",
        says("登记客户、合同、反馈", "Registers customers, contracts, feedback"),
        &[
            "sale: read @all/none credit=read; sale_order: read @all/none credit=read; sale_return,sale_entry,performance: read @all/none",
            ALL_ACCOUNTS,
            "customer: read create update delete import export register merge transfer release close @all +pools credit=read bank=write",
            "contact: * @all private=write",
            "price_list: * @all; product: * @all; warehouse: * @all; stock_level,stock_entry: read export @all",
            "code_entry: read create update @all",
            "import_batch: read update @own",
            PEOPLE,
            OWN_TOKEN,
        ],
    ),
    preset(
        "salesperson",
        "业务员",
        "Salesperson",
        says("自己的客户和公海", "Own customers and the pool"),
        &[
            "sale: read create update delete check post void @own credit=read; sale_order: read create update delete check deliver void @own credit=read; sale_return: read create update delete post @own; sale_entry,performance: read @own",
            ACCOUNTS,
            "customer: read create update claim release @own +pools credit=read bank=read",
            "contact: read create update delete @own private=write",
            PRODUCTS,
            PRICES,
            PEOPLE,
            OWN_TOKEN,
        ],
    ),
    preset(
        "sales_manager",
        "销售经理",
        "Sales manager",
        says("本部门及下级的客户", "Customers of the department and below"),
        &[
            SELLING,
            ACCOUNTS,
            "customer: read create update import export register transfer claim release merge close @below +pools credit=read bank=read",
            "contact: * @below private=write",
            PRODUCTS,
            FLOORS,
            PRICING,
            PEOPLE,
            OWN_TOKEN,
            "import_batch: read update @own",
            "access: read @below/none",
        ],
    ),
    preset(
        "market_researcher",
        "市场调研人员",
        "Market researcher",
        says("上报反馈、竞争对手和业界动态", "Reports feedback, competitors, news"),
        &["customer: read create @all/own", "contact: read create @all/own", PRODUCTS, PEOPLE],
    ),
    preset(
        "business_supervisor",
        "业务主管",
        "Business supervisor",
        says("审批合同，查看下级客户", "Approves contracts, sees the customers below"),
        &[
            "sale: read export release_credit @below credit=read; sale_order: read export release_credit @below credit=read; sale_return,sale_entry,performance: read export @below/none",
            ACCOUNTS,
            "customer: read update export transfer register @below +pools credit=read bank=read",
            "contact: read create update @below private=read",
            PRODUCTS,
            FLOORS,
            PRICES,
            PEOPLE,
            OWN_TOKEN,
        ],
    ),
    preset(
        "customer_relations",
        "客户关系管理人员",
        "Customer relations",
        says("客户查重、合并和资料完整", "Uniqueness, merging, complete files"),
        &[
            "customer: read create update register merge close export @all +pools credit=read",
            "contact: * @all private=write",
            PRODUCTS,
            PEOPLE,
        ],
    ),
    preset(
        "regional_manager",
        "区域销售经理",
        "Regional sales manager",
        says("本区域的客户档案", "The customer files of the region"),
        &[
            SELLING,
            ACCOUNTS,
            "customer: read create update export register transfer claim release merge close @below +pools credit=read bank=read",
            "contact: * @below private=write",
            PRODUCTS,
            FLOORS,
            PRICING,
            PEOPLE,
            OWN_TOKEN,
        ],
    ),
    preset(
        "marketing_manager",
        "市场部经理",
        "Marketing manager",
        says("客户分类复核，B 类客户维护", "Reviews the classification, looks after class B"),
        &[
            "sale: read export @all/none credit=read; sale_order: read @all/none credit=read; sale_return,sale_entry,performance: read export @all/none",
            ACCOUNTS,
            "customer: read update export @all/below credit=read",
            "contact: read create update @all private=read",
            PRODUCTS,
            FLOORS,
            PRICING,
            PEOPLE,
        ],
    ),
    preset(
        "marketing_specialist",
        "市场部专员",
        "Marketing specialist",
        says("C 类客户维护", "Looks after class C"),
        &[
            "customer: read update @all/own",
            "contact: read create update @all/own private=read",
            PRODUCTS,
            PEOPLE,
        ],
    ),
    preset(
        "department_manager",
        "部门经理",
        "Department manager",
        says("接收本部门分类表", "Receives the department's class tables"),
        &[
            "sale: read export @below/none credit=read; sale_return,sale_entry,performance: read export @below/none",
            ACCOUNTS,
            "customer: read export @below/none credit=read",
            "contact: read @below/none",
            PRODUCTS,
            PEOPLE,
        ],
    ),
    preset(
        "settlement_manager",
        "结算经理",
        "Settlement manager",
        says("复核客户分类与信用", "Re-checks classification and credit"),
        &[
            "sale: read export release_credit @all credit=read cost=read; sale_order: read export release_credit @all credit=read; sale_return,sale_entry,performance: read export @all cost=read",
            ALL_ACCOUNTS,
            "credit_rule: read update @all",
            "customer: read update credit export @all credit=write bank=write",
            "contact: read @all/none",
            PRODUCTS,
            FLOORS,
            PRICES,
            PEOPLE,
        ],
    ),
    preset(
        "file_keeper",
        "客户档案责任人",
        "File keeper",
        says("填写分类表，管理售后档案", "Fills class tables, keeps after-sales files"),
        &["customer: read update @all/own", "contact: read create update @all/own", PRODUCTS, PEOPLE],
    ),
    preset(
        "finance",
        "财务",
        "Finance",
        says("应收、收款、信用", "Receivables, receipts, credit"),
        &[
            "sale: read export check post post_paid void reverse @all credit=read cost=read; sale_order: read export @all credit=read; sale_return: read export post return_freely reverse allocate @all cost=read; sale_entry,performance: read export @all cost=read",
            "receipt,refund,receivable_opening,cash_move,statement,bank_line: * @all",
            "receivable,allocation,cash_entry,credit_grant: read export @all",
            "credit_rule: read update @all",
            "customer: read update credit export @all credit=write bank=write",
            "contact: read @all/none",
            "price_list: read export @all; product: read update export @all cost=read floor=write; stock_in,stock_count: * @all cost=write; warehouse,stock_level: read export @all; stock_entry: read export @all cost=read",
            PEOPLE,
            OWN_TOKEN,
        ],
    ),
    preset(
        "service_manager",
        "售后服务经理",
        "After-sales manager",
        says("派工与回访", "Dispatches repairs"),
        &["customer: read @all/none", "contact: read create update @all", PRODUCTS, PEOPLE],
    ),
    preset(
        "repairer",
        "维修人员",
        "Repair staff",
        says("上门维修", "Repairs on site"),
        &["customer: read @all/none", "contact: read @all/none", PRODUCTS, PEOPLE],
    ),
    preset(
        "purchasing",
        "采购业务员",
        "Purchasing",
        says("供应商与采购", "Suppliers and purchases"),
        &[BUYING, "customer: read @all/none", PEOPLE, OWN_TOKEN],
    ),
    preset(
        "supply_supervisor",
        "采供中心主管",
        "Supply centre supervisor",
        says("供应商确认", "Confirms suppliers"),
        &[BUYING, PEOPLE],
    ),
    preset(
        "quality",
        "质管人员",
        "Quality",
        says("供应商考核复核", "Reviews supplier assessments"),
        &[PRODUCTS, PEOPLE],
    ),
    preset(
        "management_representative",
        "管理者代表",
        "Management representative",
        says("批准合格供应商名单", "Approves the qualified list"),
        &[PRODUCTS, PEOPLE],
    ),
    preset(
        "hr_head",
        "人力资源主管",
        "Head of HR",
        says("人事管理", "Human resources"),
        &["user: read create update disable enable @all account=write", "department: * @all", PRODUCTS],
    ),
    preset(
        "hr_deputy",
        "人力资源副主管",
        "Deputy head of HR",
        says("人事管理", "Human resources"),
        &["user: read update @all account=read", "department: read update @all", PRODUCTS],
    ),
    preset("employee", "员工", "Employee", says("自助服务", "Self-service"), &[PRODUCTS, PEOPLE]),
    preset(
        "reviewer",
        "数据审核员",
        "Data reviewer",
        says("审核登记的资源", "Reviews registered resources"),
        &["customer: read register @all", "contact: read @all/none", PRODUCTS, PEOPLE],
    ),
    preset(
        "publisher",
        "发布员",
        "Publisher",
        says("发布审核过的资源", "Publishes reviewed resources"),
        &["customer: read @all/none", PRODUCTS, PEOPLE],
    ),
    preset(
        "reader",
        "查询用户",
        "Reader",
        says("只能查询", "Only reads"),
        &["customer: read @all/none credit=mask", "contact: read @all/none", PRODUCTS, PEOPLE],
    ),
];
