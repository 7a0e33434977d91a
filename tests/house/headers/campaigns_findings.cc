#include "postrider/campaigns/findings.h"
