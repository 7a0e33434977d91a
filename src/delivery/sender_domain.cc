#include "postrider/delivery/sender_domain.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <cctype>

namespace postrider::delivery {

namespace {

std::string small(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Words parted by blanks, in small letters.
std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms;
  for (std::size_t at = 0; at < text.size();) {
    auto const end = std::min(text.find(' ', at), text.size());
    if (end > at) terms.push_back(small(text.substr(at, end - at)));
    at = end + 1;
  }
  return terms;
}

// The value of a tag in "v=DMARC1; p=none"; nothing when it is not there.
std::optional<std::string> tag_of(std::string_view record, std::string_view wanted) {
  for (std::size_t at = 0; at < record.size();) {
    auto const end = std::min(record.find(';', at), record.size());
    std::string part;
    for (char const c : record.substr(at, end - at))
      if (c != ' ' && c != '\t') part += c;
    if (part.size() > wanted.size() && part.starts_with(wanted) && part[wanted.size()] == '=') return part.substr(wanted.size() + 1);
    at = end + 1;
  }
  return std::nullopt;
}

DomainFinding spf_of(std::string const& domain, TxtLookup const& look_up) {
  DomainFinding finding;
  finding.subject = "SPF of " + domain;
  auto const found = look_up(domain);
  if (!found) {
    finding.verdict = Verdict::warning;
    finding.detail = found.error().message;
    return finding;
  }
  std::vector<std::string> policies;
  for (auto const& text : *found)
    if (small(text).starts_with("v=spf1") && (text.size() == 6 || text[6] == ' ')) policies.push_back(text);
  finding.verdict = Verdict::bad;
  if (policies.empty()) {
    finding.detail = "there is no SPF record: publish a TXT record at " + domain + " like \"v=spf1 include:<your provider> -all\"";
    return finding;
  }
  if (policies.size() > 1) {
    finding.detail = "there are " + std::to_string(policies.size()) + " SPF records, so receivers ignore them all: join them into one";
    return finding;
  }
  auto const terms = terms_of(policies.front());
  auto const has = [&terms](std::string_view term) { return std::ranges::find(terms, term) != terms.end(); };
  int lookups = 0;
  for (auto const& term : terms) {
    auto const bare = std::string_view(term).substr(term.find_first_not_of("+-~?"));
    for (std::string_view const costly : {"include:", "a:", "mx:", "ptr", "exists:", "redirect="})
      if (bare.starts_with(costly) || bare == costly.substr(0, costly.size() - 1)) {
        ++lookups;
        break;
      }
  }
  if (has("+all") || has("all")) finding.detail = "it ends in +all, which lets everybody send in this name: end it in -all or ~all";
  else if (lookups > 10) finding.detail = "it needs " + std::to_string(lookups) + " look-ups, more than the ten that receivers make: remove some includes";
  else {
    finding.verdict = Verdict::good;
    finding.detail = policies.front();
  }
  return finding;
}

DomainFinding dmarc_of(std::string const& domain, TxtLookup const& look_up) {
  DomainFinding finding;
  finding.subject = "DMARC of " + domain;
  auto name = domain;
  std::vector<std::string> policies;
  // The organisation's own record serves its subdomains.
  for (;;) {
    auto const found = look_up("_dmarc." + name);
    if (!found) {
      finding.verdict = Verdict::warning;
      finding.detail = found.error().message;
      return finding;
    }
    for (auto const& text : *found)
      if (small(text).starts_with("v=dmarc1")) policies.push_back(text);
    auto const dot = name.find('.');
    if (!policies.empty() || dot == std::string::npos || name.find('.', dot + 1) == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  finding.verdict = Verdict::bad;
  if (policies.empty()) {
    finding.detail = "there is no DMARC record, which the large mailbox providers ask of bulk senders: publish a TXT record at _dmarc." + domain +
                     " with at least \"v=DMARC1; p=none; rua=mailto:<an address of yours>\"";
    return finding;
  }
  auto const policy = tag_of(policies.front(), "p");
  if (policies.size() > 1) finding.detail = "there are several DMARC records, so receivers ignore them: keep one";
  else if (!policy) finding.detail = "the record has no policy: add p=none, p=quarantine or p=reject";
  else {
    finding.verdict = Verdict::good;
    finding.detail = policies.front();
  }
  return finding;
}

DomainFinding dkim_of(PublishedKey const& key, TxtLookup const& look_up) {
  DomainFinding finding;
  finding.subject = "DKIM key " + key.name;
  auto const found = look_up(key.name);
  finding.verdict = found ? Verdict::bad : Verdict::warning;
  if (!found) {
    finding.detail = found.error().message;
    return finding;
  }
  auto const wanted = tag_of(key.text, "p");
  for (auto const& text : *found)
    if (auto const published = tag_of(text, "p")) {
      if (published == wanted) {
        finding.verdict = Verdict::good;
        finding.detail = "published";
        return finding;
      }
      finding.detail = "another key is published there: replace it by \"" + key.text + "\"";
    }
  if (finding.detail.empty()) finding.detail = "it is not published: make a TXT record at " + key.name + " with \"" + key.text + "\"";
  return finding;
}

}  // namespace

Result<std::vector<std::string>> look_up_txt(std::string const& name) {
  struct __res_state state {};
  if (::res_ninit(&state) != 0) return unavailable("the system's resolver cannot be used: see /etc/resolv.conf");
  state.retrans = 2;
  state.retry = 2;
  std::vector<unsigned char> answer(16 * 1024);
  int const length = ::res_nquery(&state, name.c_str(), ns_c_in, ns_t_txt, answer.data(), static_cast<int>(answer.size()));
  int const why = state.res_h_errno;
  ::res_nclose(&state);
  std::vector<std::string> texts;
  if (length < 0) {
    if (why == HOST_NOT_FOUND || why == NO_DATA) return texts;
    return unavailable("the resolver gave no answer for " + name + ": is DNS reachable from here?");
  }
  ns_msg message;
  if (::ns_initparse(answer.data(), std::min(length, static_cast<int>(answer.size())), &message) != 0)
    return unavailable("the resolver's answer for " + name + " cannot be read");
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_txt) continue;
    // Character strings, each with its length before it, are one text.
    std::string text;
    auto const* at = ns_rr_rdata(record);
    auto const* const end = at + ns_rr_rdlen(record);
    while (at < end) {
      auto const size = std::min<std::size_t>(*at, static_cast<std::size_t>(end - at - 1));
      text.append(reinterpret_cast<char const*>(at + 1), size);
      at += size + 1;
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<DomainFinding> check_sender_domain(std::string const& domain, std::optional<PublishedKey> const& dkim, TxtLookup const& look_up) {
  std::vector<DomainFinding> all;
  all.push_back(spf_of(domain, look_up));
  all.push_back(dmarc_of(domain, look_up));
  if (dkim) all.push_back(dkim_of(*dkim, look_up));
  return all;
}

}  // namespace postrider::delivery
