#include "postrider/base/service.h"
