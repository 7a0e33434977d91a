#include "postrider/jobs/job.h"
