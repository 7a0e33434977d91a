// The schema and every statement, held against the rules that let the same SQL run on one PostgreSQL, on SQLite, and on a
// PostgreSQL sharded by tenant.
#include "postrider/db/statement.h"
#include "support/source_tree.h"
#include "support/sql_text.h"
#include "support/store_test.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

using namespace postrider;
using namespace postrider::test;

namespace {

// Small tables that every node would have whole, and the one that belongs to the migrations.
std::set<std::string> const reference_tables{"tenants", "users", "sessions", "api_keys", "login_attempts", "instances", "schema_migrations"};

db::TextArray reference_list() { return db::text_array(reference_tables); }

constexpr db::Statement catalogue_lint{"test", "catalogue_lint", db::Tag::utility, R"sql(
with t as (
  select c.oid, c.relname, c.relkind, c.relpersistence, c.relispartition, a.attnum tn, a.atttypid, a.attnotnull
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
  where n.nspname = current_schema() and c.relkind in ('r', 'p')),
d as (select * from t where relname <> all($1::text[]))
select 'no tenant_id not null' as rule, relname::text as object from d where tn is null or not attnotnull
union all select 'tenant_id is no uuid', relname from d where tn is not null and atttypid <> 'uuid'::regtype
union all select 'tenant_id is not the first column', relname from d where tn <> 1 and not relispartition
union all select 'no primary key', relname from d where not exists (select 1 from pg_index i where i.indrelid = d.oid and i.indisprimary)
union all select 'key does not start with tenant_id', i.indexrelid::regclass::text from d join pg_index i on i.indrelid = d.oid
  where (i.indisunique or i.indisexclusion) and d.tn <> i.indkey[0]
union all select 'deferrable unique', k.conname from d join pg_constraint k on k.conrelid = d.oid where k.contype in ('p', 'u') and k.condeferrable
union all select 'foreign key not aligned on tenant_id', k.conname
  from d join pg_constraint k on k.conrelid = d.oid and k.contype = 'f' join d r on r.oid = k.confrelid
  where coalesce(array_position(k.conkey, d.tn), -1) <> coalesce(array_position(k.confkey, r.tn), -2)
union all select 'foreign key from a reference table to a tenant table', k.conname
  from t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' join d r on r.oid = k.confrelid where t.oid not in (select oid from d)
union all select 'foreign key sets null or default', k.conname from d join pg_constraint k on k.conrelid = d.oid and k.contype = 'f'
  where d.tn = any(k.conkey) and (k.confdeltype in ('n', 'd') or k.confupdtype in ('n', 'd'))
union all select 'foreign key of an event table', k.conname from d join pg_constraint k on k.conrelid = d.oid and k.contype = 'f' where d.relkind = 'p'
union all select 'trigger', g.tgname from d join pg_trigger g on g.tgrelid = d.oid and not g.tgisinternal
union all select 'rule', w.rulename from d join pg_rewrite w on w.ev_class = d.oid
union all select 'partitions of partitions', relname from d where relkind = 'p' and relispartition
union all select 'inheritance', d.relname from d join pg_inherits h on h.inhrelid = d.oid where not d.relispartition
union all select 'unlogged or temporary', relname from d where relpersistence <> 'p'
union all select 'default that is not constant', c.relname || '.' || a.attname from d join pg_class c on c.oid = d.oid
  join pg_attrdef f on f.adrelid = d.oid join pg_attribute a on a.attrelid = d.oid and a.attnum = f.adnum
  where pg_get_expr(f.adbin, f.adrelid) ~ '(now|random|nextval|gen_random_uuid|clock_timestamp)\('
union all select 'sequence of 32 bits', d.relname from d join pg_depend p on p.refobjid = d.oid and p.deptype in ('a', 'i')
  join pg_sequence s on s.seqrelid = p.objid where s.seqtypid <> 'int8'::regtype
)sql",
                                       ""};

constexpr db::Statement tenant_tables_of{"test", "tenant_tables", db::Tag::utility,
                                         "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() "
                                         "and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> all($1::text[])",
                                         ""};

// Of these functions: those whose every form is volatile ('v'), and those that have no immutable form ('s').
constexpr db::Statement kinds_of_functions{"test", "kinds_of_functions", db::Tag::utility,
                                           "select proname, case when bool_and(provolatile = 'v') then 'v' else 's' end from pg_proc "
                                           "where proname = any($1::text[]) and prokind = 'f' group by proname having bool_and(provolatile <> 'i')",
                                           ""};

std::string name_of(db::Statement const& statement) { return std::string(statement.module) + "." + std::string(statement.name); }

// What a tag promises about the tables a statement names.
void check_tenants(db::Statement const& statement, SqlText const& text) {
  bool const router = statement.tag == db::Tag::router;
  bool const shard = statement.tag == db::Tag::shard;
  for (auto const& use : text.uses) {
    if (statement.tag == db::Tag::reference || statement.tag == db::Tag::utility)
      FAIL_CHECK(name_of(statement) << " is tagged for reference tables but names " << use.table);
    if (router && !use.by_parameter)
      FAIL_CHECK(name_of(statement) << " is tagged router: " << use.table << " (" << use.alias << ") needs its own 'tenant_id = $n'");
    if (shard && !use.by_parameter && !use.by_list)
      FAIL_CHECK(name_of(statement) << " is tagged shard: " << use.table << " (" << use.alias << ") needs its own 'tenant_id = any($n)'");
  }
  if ((router || shard) && text.uses.empty()) FAIL_CHECK(name_of(statement) << " names no tenant table: its tag should be reference or utility");
  bool const locks = text.has_pair("for", "update") || text.has_pair("for", "share") || text.has_pair("skip", "locked");
  if (locks && !router && !shard && statement.tag != db::Tag::reference) FAIL_CHECK(name_of(statement) << " locks rows of many tenants at once");
}

void check_words(db::Statement const& statement, SqlText const& text) {
  for (auto const* const banned : {"ctid", "xmin", "xmax", "merge", "declare", "listen", "rollup", "recursive", "ilike"})
    if (text.has(banned)) FAIL_CHECK(name_of(statement) << " uses '" << banned << "'");
  bool const alone = text.uses.empty();
  for (auto const& function : text.functions)
    if ((function == "pg_notify" || function.starts_with("pg_advisory") || function.starts_with("pg_try_advisory")) && !alone)
      FAIL_CHECK(name_of(statement) << " calls " << function << " beside a table: a statement of its own reaches the right node");
  if (text.has_pair("insert", "into") && text.has("select") && !text.has_pair("on", "conflict"))
    FAIL_CHECK(name_of(statement) << " is an insert … select without 'on conflict', whose duplicates have no clear error on a sharded database");
}

bool changes(SqlText const& text) { return text.has("update") || text.has("delete") || text.has("insert"); }

}  // namespace

TEST_CASE("the schema on PostgreSQL can be sharded by tenant") {
  on_postgres([](TestStore& t) -> Task<void> {
    auto const rows = co_await t.store->all(catalogue_lint, reference_list());
    for (auto const row : rows) FAIL_CHECK(row.text(1) << ": " << row.text(0));
  });
}

TEST_CASE("every statement holds each tenant table to its tenant, as its tag promises") {
  on_postgres([](TestStore& t) -> Task<void> {
    auto const rows = co_await t.store->all(tenant_tables_of, reference_list());
    std::set<std::string> tables;
    for (auto const row : rows) tables.insert(row.text(0));
    REQUIRE(tables.size() > 20);
    for (auto const* const statement : db::catalogue()) {
      auto const text = read_sql(statement->postgres, tables);
      check_tenants(*statement, text);
      check_words(*statement, text);
    }
  });
}

TEST_CASE("no statement calls what answers otherwise each time, and writes call only what never does") {
  on_postgres([](TestStore& t) -> Task<void> {
    std::set<std::string> called;
    for (auto const* const statement : db::catalogue())
      for (auto const& function : read_sql(statement->postgres, {}).functions) called.insert(function);
    auto const rows = co_await t.store->all(kinds_of_functions, db::text_array(called));
    std::map<std::string, std::string> kinds;
    for (auto const row : rows) kinds[row.text(0)] = row.text(1);
    for (auto const* const statement : db::catalogue()) {
      if (statement->tag == db::Tag::utility) continue;
      auto const text = read_sql(statement->postgres, {});
      for (auto const& function : text.functions) {
        auto const kind = kinds.find(function);
        if (kind == kinds.end()) continue;
        if (function == "system" && text.has("tablesample")) continue;  // drawn by lot on purpose
        if (kind->second == "v") FAIL_CHECK(name_of(*statement) << " calls " << function << ", which is volatile");
        else if (changes(text)) FAIL_CHECK(name_of(*statement) << " changes rows and calls " << function << ", which is not immutable");
      }
    }
  });
}

TEST_CASE("both databases understand every statement") {
  on_each_store([](TestStore& t) -> Task<void> {
    bool const postgres = t.store->dialect() == db::Dialect::postgres;
    int number = 0;
    bool sees_mistakes = false;
    try {
      co_await t.store->run_script(postgres ? "prepare lint as select no_such_column from messages" : "explain select no_such_column from messages");
    } catch (db::Failure const&) {
      sees_mistakes = true;
    }
    REQUIRE(sees_mistakes);
    for (auto const* const statement : db::catalogue()) {
      auto const text = std::string(statement->text(t.store->dialect()));
      if (text.starts_with("analyze")) continue;  // has nothing to prepare
      std::string refused;
      try {
        co_await t.store->run_script(postgres ? "prepare lint_" + std::to_string(++number) + " as " + text : "explain " + text);
      } catch (db::Failure const& failure) {
        refused = failure.what();
      }
      if (!refused.empty()) FAIL_CHECK(name_of(*statement) << ": " << refused);
    }
  });
}

TEST_CASE("both databases have the same tables and columns") {
  // Each database is a run of its own; the second one compares.
  static std::map<db::Dialect, std::set<std::string>> columns;
  on_each_store([](TestStore& t) -> Task<void> {
    char const* const sql = t.store->dialect() == db::Dialect::postgres
                                ? "select c.table_name, c.column_name from information_schema.columns c join pg_class k on k.relname = c.table_name "
                                  "where c.table_schema = current_schema() and not k.relispartition"
                                : "select m.name, p.name from sqlite_master m, pragma_table_xinfo(m.name) p where m.type in ('table', 'view') and m.name not like 'sqlite_%'";
    auto const rows = co_await t.query(sql);
    for (auto const& row : rows) columns[t.store->dialect()].insert(row[0] + "." + row[1]);
    if (columns.size() < 2) co_return;
    for (auto const& column : columns[db::Dialect::sqlite])
      if (!columns[db::Dialect::postgres].contains(column)) FAIL_CHECK(column << " exists on SQLite only");
    for (auto const& column : columns[db::Dialect::postgres])
      if (!columns[db::Dialect::sqlite].contains(column)) FAIL_CHECK(column << " exists on PostgreSQL only");
  });
}

TEST_CASE("the data model's page names every table") {
  on_postgres([](TestStore& t) -> Task<void> {
    std::ostringstream page;
    page << std::ifstream(source_tree() / "docs/data-model.md").rdbuf();
    auto const text = page.str();
    auto const rows = co_await t.query("select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() "
                                       "and c.relkind in ('r', 'p', 'v') and not c.relispartition");
    for (auto const& row : rows)
      if (text.find("`" + row[0] + "`") == std::string::npos) FAIL_CHECK("docs/data-model.md does not name " << row[0]);
  });
}

TEST_CASE("the statement lint sees what it must see") {
  std::set<std::string> const tables{"messages", "contacts"};
  auto const held = [&](std::string_view sql) {
    auto const text = read_sql(sql, tables);
    return !text.uses.empty() && std::ranges::all_of(text.uses, [](TableUse const& use) { return use.by_parameter; });
  };
  CHECK(held("select id from messages where tenant_id = $1"));
  CHECK(held("select 1 from messages m join contacts c on c.tenant_id = $1 and c.id = m.contact_id where m.tenant_id = $1"));
  CHECK(held("update messages m set x = 1 from contacts c where m.tenant_id = $1 and c.tenant_id = $1"));
  CHECK(held("insert into messages (tenant_id, id) values ($1, $2) on conflict do nothing"));
  CHECK(held("insert into messages (tenant_id, id) select $1, c.id from contacts c where c.tenant_id = $1"));
  CHECK(held("with x as (select id from messages where tenant_id = $1) select * from x"));
  CHECK(held("select 1 from messages where tenant_id = $1 union all select 2 from messages where tenant_id = $1"));
  CHECK_FALSE(held("select 1 from messages where tenant_id = $1 union all select 2 from messages"));
  CHECK_FALSE(held("select id from messages"));
  CHECK_FALSE(held("select id from messages where tenant_id = (select 1)"));
  CHECK_FALSE(held("select 1 from messages m join contacts c on c.tenant_id = m.tenant_id where m.tenant_id = $1"));
  CHECK_FALSE(held("select 1 from messages, contacts where tenant_id = $1"));
  CHECK_FALSE(held("update messages m set x = 1 from contacts c where c.tenant_id = $1"));
  CHECK_FALSE(held("insert into messages (id, tenant_id) values ($1, $2)"));
  CHECK_FALSE(held("insert into messages (tenant_id, id) select tenant_id, id from contacts"));
  CHECK_FALSE(held("with x as (select id from messages) delete from contacts where tenant_id = $1"));
  auto const list = read_sql("select 1 from messages m where m.tenant_id = any($1)", tables);
  CHECK(list.uses.at(0).by_list);
}
