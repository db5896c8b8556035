/* A driver's library for tests: it says what the file $FAKE_NVML says when it is asked, a line for each thing.
 *
 *   count 2        GPUs; without the file, or this line, no driver is loaded
 *   init 18        what nvmlInit returns instead
 *   temp.1 91      degrees of GPU 1; 40 unless told
 *   fail.1 15      what the thermometer of GPU 1 returns instead, and with 'gone.1 15' every question about it
 *   procs.0 12,13  processes that compute on GPU 0; mps.0 likewise
 *   listing.0 3    what the list of processes of GPU 0 returns instead
 *   name.0 A       its name, without blanks; 'Fake' unless told
 *   uuid GPU-x     what the uuids begin with
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, BAD_ARGUMENT = 2, NOT_FOUND = 6, SMALL = 7, NO_DRIVER = 9 };

typedef struct { int number; } Gpu;
typedef struct { unsigned version, sensor; int celsius; } Temperature;
typedef struct { unsigned pid; unsigned long long memory; unsigned instance, compute; } Process;

static Gpu gpus[16] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}, {11}, {12}, {13}, {14}, {15}};

static int said(const char *what, int number, char *value)
{
    char key[64], wanted[64], line[512];
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    int found = 0;

    if (number < 0)
        snprintf(wanted, sizeof wanted, "%s", what);
    else
        snprintf(wanted, sizeof wanted, "%s.%d", what, number);
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "%63s %255s", key, value) == 2 && !strcmp(key, wanted);
    if (file)
        fclose(file);
    return found;
}

static int number(const char *what, int of, int otherwise)
{
    char value[256];
    return said(what, of, value) ? atoi(value) : otherwise;
}

int nvmlInitWithFlags(unsigned flags)
{
    (void) flags;
    return number("init", -1, number("count", -1, -1) < 0 ? NO_DRIVER : OK);
}

int nvmlShutdown(void)
{
    return OK;
}

const char *nvmlErrorString(int code)
{
    (void) code;
    return "an error of the fake";
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = number("count", -1, 0);
    return OK;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **gpu)
{
    if ((int) index >= number("count", -1, 0))
        return BAD_ARGUMENT;
    *gpu = &gpus[index];
    return number("gone", index, OK);
}

int nvmlDeviceGetUUID(Gpu *gpu, char *uuid, unsigned length)
{
    char prefix[256];
    if (!said("uuid", -1, prefix))
        strcpy(prefix, "GPU-fake");
    snprintf(uuid, length, "%s-%d", prefix, gpu->number);
    return number("gone", gpu->number, OK);
}

int nvmlDeviceGetName(Gpu *gpu, char *name, unsigned length)
{
    char value[256];
    snprintf(name, length, "%s", said("name", gpu->number, value) ? value : "Fake");
    return number("gone", gpu->number, OK);
}

#ifdef OLD
int nvmlDeviceGetTemperature(Gpu *gpu, unsigned sensor, unsigned *celsius)
{
    (void) sensor;
    *celsius = number("temp", gpu->number, 40);
    return number("fail", gpu->number, OK);
}
#define LISTED(kind) nvmlDeviceGet##kind##RunningProcesses_v2
#else
int nvmlDeviceGetTemperatureV(Gpu *gpu, Temperature *told)
{
    if (told->version != (1u << 24 | sizeof *told))
        return 25;
    told->celsius = number("temp", gpu->number, 40);
    return number("fail", gpu->number, number("gone", gpu->number, OK));
}
#define LISTED(kind) nvmlDeviceGet##kind##RunningProcesses_v3
#endif

static int listed(const char *what, Gpu *gpu, unsigned *count, Process *processes)
{
    char value[256] = "", *pid;
    unsigned room = *count;
    int code = number("listing", gpu->number, OK);

    said(what, gpu->number, value);
    *count = 0;
    for (pid = strtok(value, ","); pid; pid = strtok(NULL, ","), ++*count)
        if (*count < room && processes)
            processes[*count] = (Process) {atoi(pid), 1 << 20, ~0u, ~0u};
    return code ? code : *count > room ? SMALL : OK;
}

int LISTED(Compute)(Gpu *gpu, unsigned *count, Process *processes)
{
    return listed("procs", gpu, count, processes);
}

int LISTED(MPSCompute)(Gpu *gpu, unsigned *count, Process *processes)
{
    return listed("mps", gpu, count, processes);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, Gpu **gpu)
{
    char value[256];
    if (!said("mig", -1, value) || strcmp(value, uuid))
        return NOT_FOUND;
    *gpu = &gpus[15];
    return OK;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Gpu *part, Gpu **whole)
{
    (void) part;
    *whole = &gpus[0];
    return OK;
}
