// SQL as the statement lint sees it: which tables a statement names, and by what each is held to one tenant.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

struct TableUse {
  std::string table;
  std::string alias;
  bool inserted = false;    // the target of an insert
  bool by_parameter = false;  // tenant_id = $n stands beside it, or in its insert's first column
  bool by_list = false;       // tenant_id = any($n)
};

struct SqlText {
  std::vector<TableUse> uses;         // of tenant tables
  std::vector<std::string> functions;  // called anywhere
  std::vector<std::string> words;      // lower case, in order, symbols too

  bool has(std::string_view word) const;
  // "for update" and the like.
  bool has_pair(std::string_view first, std::string_view second) const;
};

SqlText read_sql(std::string_view sql, std::set<std::string> const& tenant_tables);

}  // namespace postrider::test
