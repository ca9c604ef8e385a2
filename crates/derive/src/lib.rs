//! `#[derive(Entity)]`, `#[derive(Form)]`, `#[derive(Choice)]`: a struct becomes data about itself
//! and two straight-line functions. No behaviour is generated here.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parse;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, Ident, LitStr, Result, Type};

#[proc_macro_derive(Entity, attributes(entity, field))]
pub fn entity(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, entity_tokens)
}

#[proc_macro_derive(Form, attributes(field))]
pub fn form(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, form_tokens)
}

#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, choice_tokens)
}

fn derive(
    input: proc_macro::TokenStream,
    tokens: fn(&DeriveInput) -> Result<TokenStream>,
) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    tokens(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// One `key = value` slot of an attribute; a second value is an error at the second place.
fn fill<T: Parse>(slot: &mut Option<T>, meta: &syn::meta::ParseNestedMeta) -> Result<()> {
    if slot.is_some() {
        return Err(meta.error("said twice"));
    }
    *slot = Some(meta.value()?.parse()?);
    Ok(())
}

#[derive(Default)]
struct Labels {
    zh: Option<LitStr>,
    en: Option<LitStr>,
}

impl Labels {
    fn tokens(&self, of: &Ident) -> Result<TokenStream> {
        let missing = |tongue| {
            Error::new(of.span(), format!("`{of}` needs a label in both languages: add `{tongue} = \"…\"`"))
        };
        let zh = self.zh.as_ref().ok_or_else(|| missing("zh"))?;
        let en = self.en.as_ref().ok_or_else(|| missing("en"))?;
        Ok(quote!(::model::Label { zh: #zh, en: #en }))
    }
}

struct Field {
    name: Ident,
    ty: Type,
    def: TokenStream,
}

const FLAGS: [&str; 11] =
    ["unique", "search", "list", "filter", "readonly", "required", "like", "sum", "again", "auto", "sieve"];

/// Attributes that carry a text, each filling the descriptor's slot of the same name.
const TEXTS: [&str; 7] = ["code", "unit", "group", "default", "depends", "only", "behind"];

fn field(field: &syn::Field) -> Result<Field> {
    let name = field.ident.clone().expect("named fields are checked before");
    let (mut labels, mut slots) = (Labels::default(), Vec::new());
    for attr in attrs(&field.attrs, "field") {
        attr.parse_nested_meta(|meta| {
            let key = meta.path.require_ident()?;
            match key.to_string().as_str() {
                "zh" => fill(&mut labels.zh, &meta),
                "en" => fill(&mut labels.en, &meta),
                text if TEXTS.contains(&text) => {
                    let value: LitStr = meta.value()?.parse()?;
                    slots.push(quote!(#key: Some(#value)));
                    Ok(())
                }
                "alias" => {
                    let value: LitStr = meta.value()?.parse()?;
                    slots.push(quote!(alias: #value));
                    Ok(())
                }
                "format" => {
                    let value: Ident = meta.value()?.parse()?;
                    slots.push(quote!(format: ::model::Format::#value));
                    Ok(())
                }
                "section" => {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    let zh: LitStr = content.parse()?;
                    content.parse::<syn::Token![,]>()?;
                    let en: LitStr = content.parse()?;
                    slots.push(quote!(section: ::model::Label { zh: #zh, en: #en }));
                    Ok(())
                }
                flag if FLAGS.contains(&flag) => {
                    slots.push(quote!(#key: true));
                    Ok(())
                }
                other => Err(meta.error(format!(
                    "unknown attribute `{other}`; a field takes zh, en, alias, format, section, {}, {}",
                    TEXTS.join(", "),
                    FLAGS.join(", ")
                ))),
            }
        })?;
    }
    let label = match name == "custom" {
        true => quote!(::model::Label { zh: "自定义字段", en: "Custom fields" }),
        false => labels.tokens(&name)?,
    };
    // A Rust keyword may name a column: `r#type`.
    let (text, ty) = (name.to_string().trim_start_matches("r#").to_owned(), &field.ty);
    // The type's span makes "`Foo` can't be a field" point at the type, not at the derive.
    let def = quote_spanned! {ty.span()=>
        ::model::FieldDef {
            name: #text,
            label: #label,
            kind: <#ty as ::model::Scalar>::KIND,
            optional: <#ty as ::model::Scalar>::OPTIONAL,
            #(#slots,)*
            ..::model::FieldDef::PLAIN
        }
    };
    Ok(Field { name, ty: field.ty.clone(), def })
}

fn attrs<'a>(attrs: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a Attribute> {
    attrs.iter().filter(move |attr| attr.path().is_ident(name))
}

fn named(input: &DeriveInput) -> Result<Vec<&syn::Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            other => Err(Error::new(other.span(), "every field needs a name")),
        },
        _ => Err(Error::new(input.ident.span(), "only a struct can be a record")),
    }
}

/// `name: Scalar::load(row.cell(n))?, …`: read in the order of the columns.
fn loads(fields: &[Field], first: usize) -> TokenStream {
    let lines = fields.iter().enumerate().map(|(n, Field { name, ty, .. })| {
        let (n, text) = (first + n, name.to_string());
        quote!(#name: <#ty as ::model::Scalar>::load(row.cell(#n)).ok_or_else(|| ::model::unreadable(#text))?,)
    });
    quote!(#(#lines)*)
}

fn form_tokens(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let fields = named(input)?.into_iter().map(field).collect::<Result<Vec<_>>>()?;
    let (defs, loads) = (fields.iter().map(|field| &field.def), loads(&fields, 0));
    Ok(quote! {
        impl ::model::Form for #name {
            const FIELDS: &'static [::model::FieldDef] = &[#(#defs),*];
            fn read(row: &dyn ::model::Row) -> ::model::Result<Self> {
                Ok(#name { #loads })
            }
        }
    })
}

#[derive(Default)]
struct EntityAttr {
    labels: Labels,
    module: Option<LitStr>,
    icon: Option<LitStr>,
    number: Option<LitStr>,
    title: Option<Ident>,
    owner: Option<Ident>,
    department: Option<Ident>,
    tree: Option<Ident>,
    of: Option<Ident>,
    within: Option<Ident>,
    closed: Option<Ident>,
    feeds: bool,
    ledger: bool,
    indexes: Vec<Vec<Ident>>,
    derived: Option<Expr>,
    lines: Option<Type>,
    verbs: Option<Expr>,
    rights: Option<Expr>,
    views: Option<Expr>,
    check: Option<Expr>,
    alike: Option<Expr>,
    edit: Option<Expr>,
    tally: Option<Expr>,
    hold: Option<Expr>,
    panel: Option<Expr>,
    moves: Option<Expr>,
    brings: Option<Expr>,
}

fn entity_attr(input: &DeriveInput) -> Result<EntityAttr> {
    let mut it = EntityAttr::default();
    for attr in attrs(&input.attrs, "entity") {
        attr.parse_nested_meta(|meta| match meta.path.require_ident()?.to_string().as_str() {
            "zh" => fill(&mut it.labels.zh, &meta),
            "en" => fill(&mut it.labels.en, &meta),
            "module" => fill(&mut it.module, &meta),
            "icon" => fill(&mut it.icon, &meta),
            "number" => fill(&mut it.number, &meta),
            "title" => fill(&mut it.title, &meta),
            "owner" => fill(&mut it.owner, &meta),
            "department" => fill(&mut it.department, &meta),
            "tree" => fill(&mut it.tree, &meta),
            "of" => fill(&mut it.of, &meta),
            "within" => fill(&mut it.within, &meta),
            "closed" => fill(&mut it.closed, &meta),
            "lines" => fill(&mut it.lines, &meta),
            "verbs" => fill(&mut it.verbs, &meta),
            "rights" => fill(&mut it.rights, &meta),
            "views" => fill(&mut it.views, &meta),
            "check" => fill(&mut it.check, &meta),
            "alike" => fill(&mut it.alike, &meta),
            "edit" => fill(&mut it.edit, &meta),
            "tally" => fill(&mut it.tally, &meta),
            "hold" => fill(&mut it.hold, &meta),
            "panel" => fill(&mut it.panel, &meta),
            "moves" => fill(&mut it.moves, &meta),
            "brings" => fill(&mut it.brings, &meta),
            "derived" => fill(&mut it.derived, &meta),
            "feeds" => {
                it.feeds = true;
                Ok(())
            }
            "index" => {
                let content;
                syn::parenthesized!(content in meta.input);
                let columns = content.parse_terminated(Ident::parse, syn::Token![,])?;
                it.indexes.push(columns.into_iter().collect());
                Ok(())
            }
            "ledger" => {
                it.ledger = true;
                Ok(())
            }
            other => Err(meta.error(format!(
                "unknown attribute `{other}`; an entity takes zh, en, module, icon, number, title, owner, \
                 department, tree, of, within, closed, feeds, ledger, index, derived, lines, verbs, views, check, alike, \
                 edit, tally, hold, panel, moves, brings, rights"
            ))),
        })?;
    }
    Ok(it)
}

fn entity_tokens(input: &DeriveInput) -> Result<TokenStream> {
    let (name, attr, all) = (&input.ident, entity_attr(input)?, named(input)?);
    let (code, label) = (snake(name), attr.labels.tokens(name)?);
    for special in ["id", "stamp"] {
        if !all.iter().any(|field| field.ident.as_ref().is_some_and(|it| it == special)) {
            let shape = if special == "id" { format!("Id<{name}>") } else { "Stamp".into() };
            return Err(Error::new(name.span(), format!("an entity needs `pub {special}: {shape}`")));
        }
    }
    let is_plain = |it: &&&syn::Field| it.ident.as_ref().is_some_and(|it| it != "id" && it != "stamp");
    let fields = all.iter().filter(is_plain).map(|it| field(it)).collect::<Result<Vec<_>>>()?;
    let place = |at: &Ident| match fields.iter().position(|field| field.name == *at) {
        Some(n) => Ok(quote!(#n)),
        None => Err(Error::new(at.span(), format!("`{name}` has no field `{at}`"))),
    };
    let maybe = |slot: &Option<Ident>| match slot {
        Some(at) => place(at).map(|n| quote!(Some(#n))),
        None => Ok(quote!(None)),
    };

    let title = match &attr.title {
        Some(title) => place(title)?,
        None => fields.iter().position(|field| field.name == "number").map_or(quote!(0), |n| quote!(#n)),
    };
    let (owner, department, tree) = (maybe(&attr.owner)?, maybe(&attr.department)?, maybe(&attr.tree)?);
    let (of, within, closed) = (maybe(&attr.of)?, maybe(&attr.within)?, maybe(&attr.closed)?);
    let number = match &attr.number {
        Some(pattern) => {
            place(&Ident::new("number", pattern.span()))?;
            quote!(Some(::model::pattern::Pattern::new(#pattern)))
        }
        None => quote!(None),
    };
    let text = |slot: &Option<LitStr>| slot.as_ref().map_or(quote!(""), |text| quote!(#text));
    let (module, icon, feeds) = (text(&attr.module), text(&attr.icon), attr.feeds);
    let verbs = attr.verbs.as_ref().map_or(quote!(::model::Verbs::NONE), |verbs| quote!(#verbs));
    let views = attr.views.as_ref().map_or(quote!(&[]), |views| quote!(#views));
    let check = attr.check.as_ref().map_or(quote!(None), |check| {
        quote_spanned!(check.span()=> Some(|new, old, tx| ::model::checked::<#name>(#check, new, old, tx)))
    });
    let alike = attr.alike.as_ref().map_or(quote!(None), |alike| {
        quote_spanned!(alike.span()=> Some(|row, tx| #alike(&<#name as ::model::Entity>::read(row)?, tx)))
    });
    let never = attr.ledger.then(|| quote!(Some(|_| Ok(false)))).unwrap_or(quote!(None));
    let edit = attr.edit.as_ref().map_or(never, |edit| {
        quote_spanned! {edit.span()=> Some(|row| {
            let edit: fn(&#name) -> bool = #edit;
            Ok(edit(&<#name as ::model::Entity>::read(row)?))
        })}
    });
    let tally = attr.tally.as_ref().map_or(quote!(None), |tally| {
        quote_spanned! {tally.span()=> Some(|row, tx| {
            let mut record = <#name as ::model::Entity>::read(row)?;
            #tally(&mut record, tx)?;
            Ok(::model::Entity::write(&record))
        })}
    });
    let hold = attr.hold.as_ref().map_or(quote!(None), |hold| {
        quote_spanned! {hold.span()=> Some(|row, refusal, tx| {
            let mut record = <#name as ::model::Entity>::read(row)?;
            #hold(&mut record, refusal, tx)?;
            Ok(::model::Entity::write(&record))
        })}
    });
    let panel = attr.panel.as_ref().map_or(quote!(None), |panel| {
        quote_spanned!(panel.span()=> Some(|row, at, tx| #panel(&<#name as ::model::Entity>::read(row)?, at, tx)))
    });
    let moves = attr.moves.as_ref().map_or(quote!(None), |moves| {
        quote_spanned!(moves.span()=> Some(|row, tx| #moves(&<#name as ::model::Entity>::read(row)?, tx)))
    });
    let brings = attr.brings.as_ref().map_or(quote!(None), |brings| {
        quote_spanned!(brings.span()=> Some(|row, tx| {
            let lines = #brings(&<#name as ::model::Entity>::read(row)?, tx)?;
            Ok(lines.iter().map(::model::Entity::write).collect())
        }))
    });
    let derived = attr.derived.as_ref().map_or(quote!(&[]), |derived| quote!(#derived));
    let rights = attr.rights.as_ref().map_or(quote!(&[]), |rights| quote!(#rights));
    let ledger = attr.ledger;
    attr.indexes.iter().flatten().try_for_each(|column| place(column).map(drop))?;
    let indexes = attr.indexes.iter().map(|columns| {
        let columns = columns.iter().map(|column| column.to_string());
        quote!(&[#(#columns),*])
    });
    let lines =
        attr.lines.as_ref().map_or(quote!(None), |line| quote!(Some(|| <#line as ::model::Entity>::DEF)));
    let document =
        attr.lines.as_ref().map(|line| quote!(impl ::model::Document for #name { type Line = #line; }));

    let (defs, loads) = (fields.iter().map(|field| &field.def), loads(&fields, 1));
    let names = fields.iter().map(|field| &field.name);
    let (count, with_stamp) = (fields.len(), fields.len() + 5);
    let stamp = count + 1;
    Ok(quote! {
        const _: () = {
            const VERBS_OF: ::model::Verbs<#name> = #verbs;
            static FIELDS: [::model::FieldDef; #with_stamp] =
                ::model::with_stamp::<#count, #with_stamp>([#(#defs),*]);
            static DEF: ::model::EntityDef = ::model::EntityDef {
                code: #code,
                label: #label,
                module: #module,
                icon: #icon,
                fields: &FIELDS,
                title: #title,
                owner: #owner,
                department: #department,
                tree: #tree,
                of: #of,
                within: #within,
                feeds: #feeds,
                closed: #closed,
                lines: #lines,
                ledger: #ledger,
                indexes: &[#(#indexes),*],
                derived: #derived,
                number: #number,
                verbs: VERBS_OF.defs,
                rights: #rights,
                views: #views,
                apply: |verb, row, tx, input| ::model::apply::<#name>(&VERBS_OF, verb, row, tx, input),
                ready: |verb, row| ::model::ready::<#name>(&VERBS_OF, verb, row),
                check: #check,
                alike: #alike,
                edit: #edit,
                tally: #tally,
                hold: #hold,
                panel: #panel,
                moves: #moves,
                brings: #brings,
            };
            impl ::model::Entity for #name {
                const DEF: &'static ::model::EntityDef = &DEF;
                fn read(row: &dyn ::model::Row) -> ::model::Result<Self> {
                    Ok(#name {
                        id: ::model::Scalar::load(row.cell(0)).ok_or_else(|| ::model::unreadable("id"))?,
                        #loads
                        stamp: ::model::stamp(row, #stamp)?,
                    })
                }
                fn write(&self) -> Vec<::model::Value> {
                    vec![
                        ::model::Scalar::value(&self.id),
                        #(::model::Scalar::value(&self.#names),)*
                        ::model::Value::Int(self.stamp.version),
                        ::model::Scalar::value(&self.stamp.created),
                        ::model::Value::Int(self.stamp.creator),
                        ::model::Scalar::value(&self.stamp.changed),
                        ::model::Value::Int(self.stamp.changer),
                    ]
                }
            }
            #document
        };
    })
}

fn choice_tokens(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(name.span(), "only an enum can be a choice"));
    };
    let (mut idents, mut codes, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        if !variant.fields.is_empty() {
            return Err(Error::new(variant.fields.span(), "a choice carries no data"));
        }
        let (mut labels, mut own) = (Labels::default(), None::<LitStr>);
        for attr in attrs(&variant.attrs, "choice") {
            attr.parse_nested_meta(|meta| match meta.path.require_ident()?.to_string().as_str() {
                "zh" => fill(&mut labels.zh, &meta),
                "en" => fill(&mut labels.en, &meta),
                "code" => fill(&mut own, &meta),
                other => Err(meta.error(format!("unknown attribute `{other}`; a choice takes zh, en, code"))),
            })?;
        }
        let code = own.map_or_else(|| snake(&variant.ident), |own| own.value());
        let label = labels.tokens(&variant.ident)?;
        entries.push(quote!((#code, #label)));
        idents.push(&variant.ident);
        codes.push(code);
    }
    Ok(quote! {
        impl ::model::Scalar for #name {
            const KIND: ::model::Kind = ::model::Kind::Choice(&[#(#entries),*]);
            fn load(cell: ::model::Cell) -> Option<Self> {
                match cell {
                    #(::model::Cell::Text(#codes) => Some(#name::#idents),)*
                    _ => None,
                }
            }
            fn value(&self) -> ::model::Value {
                ::model::Value::from(match self { #(#name::#idents => #codes,)* })
            }
        }
    })
}

/// `SaleLine` is stored as `sale_line`.
fn snake(name: &Ident) -> String {
    let mut snake = String::new();
    for (n, letter) in name.to_string().chars().enumerate() {
        if letter.is_uppercase() && n > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
