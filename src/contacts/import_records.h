// How imports are kept: the columns of sql/imports.sql as structs, and back.
#pragma once

#include "contacts/import_row.h"
#include "postrider/contacts/imports.h"

#include <boost/json/array.hpp>

#include <span>

namespace postrider::contacts {

// The columns of `find` and `list`.
Import read_import(db::Row row);
boost::json::object written(ImportRequest const& request);
boost::json::array written(std::vector<ImportColumn> const& columns);

// Who commits or undoes: kept with the import, so that the job signs with the caller's name.
boost::json::object written_actor(Context const& context);
Context read_actor(TenantId tenant, boost::json::value const& stored);

// "[\"a\",\"b\"]", nothing when there are none.
std::optional<std::string> tags_text(std::vector<std::string> const& tags);

// What the database knows about the rows: contacts they name, leads, suppressions.
Task<Facts> load_facts(db::Transaction& tx, TenantId tenant, std::span<ImportRow const> rows);

inline constexpr std::string_view import_queue = "imports";
jobs::NewJob import_job(std::string_view kind, ImportId id);

}  // namespace postrider::contacts
