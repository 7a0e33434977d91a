// docs/metrics.md is written from the sources: every metric with its kind, labels and meaning. POSTRIDER_WRITE_DOCS=1 writes it anew.
#include "house/source_files.h"
#include "support/source_tree.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace postrider::test;

namespace {

struct Metric {
  std::string kind;
  std::string help;
  std::set<std::string> labels;
};

std::size_t end_of_call(std::string const& text, std::size_t from) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '"' && text[i - 1] != '\\') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i;
  }
  return text.size();
}

std::map<std::string, Metric> metrics_of_the_sources() {
  static std::regex const call("metrics::(counter|gauge|histogram|declare)\\(\\s*\"([a-z0-9_]+)\",\\s*((?:\"[^\"]*\"\\s*)+)");
  static std::regex const label("\\{\\s*\"([a-z_]+)\"\\s*,");
  static std::regex const literal("\"([^\"]*)\"");
  std::map<std::string, Metric> found;
  for (auto const& file : source_files({"src"}, {".cc", ".h"})) {
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), call), end; it != end; ++it) {
      auto& metric = found[(*it)[2]];
      auto const help = (*it)[3].str();
      std::string said;
      for (std::sregex_iterator part(help.begin(), help.end(), literal); part != end; ++part) said += (*part)[1];
      if ((*it)[1] != "declare") metric.kind = (*it)[1];
      if (metric.help.empty()) metric.help = said;
      else if (metric.help != said) FAIL_CHECK(file.path << ": " << (*it)[2] << " is described in two ways: '" << metric.help << "' and '" << said << "'");
      auto const start = static_cast<std::size_t>(it->position());
      auto const whole = file.text.substr(start, end_of_call(file.text, start) - start);
      for (std::sregex_iterator name(whole.begin(), whole.end(), label); name != end; ++name) metric.labels.insert((*name)[1]);
    }
  }
  return found;
}

std::string page_of(std::map<std::string, Metric> const& metrics) {
  std::ostringstream page;
  page << "# Metrics\n\nServed at `GET /metrics` in Prometheus' text format, for every instance its own. Written from the sources by a test;\n"
          "`POSTRIDER_WRITE_DOCS=1 build/dev/tests/house_tests` writes this page anew. Labels never hold ids, except `campaign_id` and `journey_id`, of\n"
          "which so many are told apart and the rest is `other`.\n\n| Name | Kind | Labels | What it counts |\n|---|---|---|---|\n";
  for (auto const& [name, metric] : metrics) {
    page << "| `" << name << "` | " << (metric.kind.empty() ? "declared" : metric.kind) << " | ";
    char const* before = "";
    for (auto const& label : metric.labels) {
      page << before << "`" << label << "`";
      before = ", ";
    }
    page << " | " << metric.help << " |\n";
  }
  return page.str();
}

}  // namespace

TEST_CASE("docs/metrics.md lists every metric") {
  auto const metrics = metrics_of_the_sources();
  for (auto const* const documented : {"campaign_delivery_duration_seconds", "journey_steps_executed_total", "marketing_events_ingested_total"}) {
    INFO(documented);
    CHECK(metrics.contains(documented));
  }
  auto const page = page_of(metrics);
  auto const path = source_tree() / "docs/metrics.md";
  if (std::getenv("POSTRIDER_WRITE_DOCS")) std::ofstream(path) << page;
  std::ostringstream written;
  written << std::ifstream(path).rdbuf();
  CHECK(written.str() == page);
}

TEST_CASE("a metric is called after its module, and ends in its unit") {
  static std::regex const shape("postrider_(base|http|db|events|jobs|identity|contacts|segments|content|delivery|campaigns|journeys|ai|analytics|webhooks|api|process)_[a-z0-9_]+");
  std::set<std::string> const documented{"campaign_delivery_duration_seconds", "journey_steps_executed_total", "marketing_events_ingested_total"};
  for (auto const& [name, metric] : metrics_of_the_sources()) {
    INFO(name);
    if (!documented.contains(name)) CHECK(std::regex_match(name, shape));
    if (metric.kind == "counter") CHECK(name.ends_with("_total"));
    if (metric.kind == "histogram") CHECK((name.ends_with("_seconds") || name.ends_with("_bytes") || name.ends_with("_rows")));
    CHECK_FALSE(metric.help.empty());
  }
}

TEST_CASE("the dashboard asks for metrics that there are") {
  static std::regex const asked("\\b((?:postrider|campaign|journey|marketing)_[a-z0-9_]+?)(?:_bucket)?(?=[\\[){])");
  auto const metrics = metrics_of_the_sources();
  auto const files = source_files({"config/grafana"}, {".json"});
  REQUIRE(files.size() == 1);
  int found = 0;
  for (std::sregex_iterator it(files[0].text.begin(), files[0].text.end(), asked), end; it != end; ++it, ++found) {
    INFO((*it)[1]);
    CHECK(metrics.contains((*it)[1]));
  }
  CHECK(found >= 10);
}
