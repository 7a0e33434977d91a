// Where a tracked link leads that is the same for every recipient. Its address in a mail names only message, template version and
// number of the link: what it leads to is looked up here, so that the redirect can never be aimed elsewhere. (Links that were written
// for one recipient carry their target in the token, under its MAC.)
#pragma once

#include "postrider/base/id.h"
#include "postrider/base/task.h"

#include <cstdint>
#include <optional>
#include <string>

namespace postrider::delivery {

struct LinkTarget {
  std::string url;  // http or https; empty for links that differ between recipients
  int links = 0;    // how many the template version has
};

class LinkTargets {
 public:
  virtual ~LinkTargets() = default;
  // Nothing when there is no such version.
  virtual Task<std::optional<LinkTarget>> find(TenantId tenant, MessageId message, TemplateVersionId version, std::uint16_t link) = 0;
};

}  // namespace postrider::delivery
