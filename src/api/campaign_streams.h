// Long answers about a campaign: its progress as server-sent events, and its messages as lines of CSV.
#pragma once

#include "postrider/campaigns/reports.h"
#include "postrider/http/response.h"

#include <functional>
#include <optional>
#include <string>

namespace postrider::api {

// An event each time the progress differs, a comment now and then to keep the connection, and the end when the campaign has ended or
// after ten minutes: the browser asks again by itself.
class ProgressStream : public http::BodyStream {
 public:
  using Encode = std::function<std::string(campaigns::Progress const&)>;
  ProgressStream(campaigns::Reports& reports, TenantId tenant, CampaignId id, Encode encode)
      : reports_(reports), tenant_(tenant), id_(id), encode_(std::move(encode)) {}
  Task<std::optional<std::string>> next() override;
  void stop() override;

 private:
  campaigns::Reports& reports_;
  TenantId tenant_;
  CampaignId id_;
  Encode encode_;
  std::unique_ptr<Signal> stopping_;
  bool stopped_ = false, ended_ = false;
  int turns_ = 0, silent_turns_ = 0;
  std::string last_;
};

class MessageLines : public http::BodyStream {
 public:
  MessageLines(campaigns::Reports& reports, TenantId tenant, CampaignId id, campaigns::ExportFilter filter)
      : reports_(reports), tenant_(tenant), id_(id), filter_(std::move(filter)) {}
  Task<std::optional<std::string>> next() override;

 private:
  campaigns::Reports& reports_;
  TenantId tenant_;
  CampaignId id_;
  campaigns::ExportFilter filter_;
  std::optional<MessageId> last_;
  bool ended_ = false;
};

}  // namespace postrider::api
