//! What hangs on any record: files, notes, tags, followers, team. Each begins with the record's entity and id, and
//! takes its scope from there.

use crate::{Date, Entity, Id, Stamp};

use super::User;

/// A file; its bytes lie under the data folder by their hash.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "附件", en = "Attachment", icon = "paperclip", title = name)]
pub struct Attachment {
    pub id: Id<Attachment>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "文件名", en = "File name", required, list)]
    pub name: String,
    /// SHA-256 in hexadecimal.
    #[field(zh = "校验值", en = "Hash", readonly)]
    pub hash: String,
    #[field(zh = "大小", en = "Size", unit = "B", readonly, list)]
    pub size: i64,
    #[field(zh = "类型", en = "Type", readonly, list)]
    pub mime: String,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "备注", en = "Note", icon = "note", title = text)]
pub struct Note {
    pub id: Id<Note>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "内容", en = "Text", required, list, format = Long)]
    pub text: String,
    #[field(zh = "置顶", en = "Pinned", list)]
    pub pinned: bool,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "标签", en = "Tag", icon = "tag", title = name)]
pub struct Tag {
    pub id: Id<Tag>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "标签", en = "Tag", required, list, filter, again)]
    pub name: String,
    pub stamp: Stamp,
}

/// Who wants to see what becomes of a record.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "关注", en = "Follower", icon = "star", title = user)]
pub struct Follower {
    pub id: Id<Follower>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "用户", en = "User", required, list, filter)]
    pub user: Id<User>,
    pub stamp: Stamp,
}

/// A further colleague who sees a record, or works on it, for a time.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "协作人", en = "Team member", icon = "users-plus", title = user)]
pub struct Team {
    pub id: Id<Team>,
    #[field(zh = "档案", en = "Entity", required, filter)]
    pub entity: String,
    #[field(zh = "记录", en = "Record", required, filter)]
    pub record: i64,
    #[field(zh = "协作人", en = "Member", required, list, filter)]
    pub user: Id<User>,
    #[field(zh = "可编辑", en = "May edit", list)]
    pub edit: bool,
    /// The last day of the membership.
    #[field(zh = "有效至", en = "Until", list)]
    pub until: Option<Date>,
    pub stamp: Stamp,
}
